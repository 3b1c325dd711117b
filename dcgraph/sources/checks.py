"""What every source asks of images and labels that come from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import DataError
from dcgraph.signal import Shape


def checked_images(
    images: NDArray[Any], path: Path, *, shape: Shape | None = None, field: str | None = None
) -> NDArray[Any]:
    """Return images as (n, h, w, c), uint8 or float.

    Parameters
    ----------
    images : array of shape (n, h, w, c) or (n, h, w)
    shape : (h, w, c) or None
        What they must be; None: any.

    Raises
    ------
    DataError
        They are not images, or there are none.
    """
    received = images.shape
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or not images.size:
        message = f"images must have the shape (n, h, w, c) or (n, h, w), received {received}"
        raise DataError(message, file=path, field=field)
    if shape is not None and images.shape[1:] != shape:
        message = f"images must be {_size(shape)}, received {_size(images.shape[1:])}"
        raise DataError(message, file=path, field=field)
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        message = f"images must be uint8 or floats, received {images.dtype}: convert them"
        raise DataError(message, file=path, field=field)
    return np.ascontiguousarray(images)


def checked_labels(
    labels: NDArray[Any],
    n: int,
    path: Path,
    *,
    classes: int | None = None,
    field: str | None = None,
) -> NDArray[np.int64]:
    """Return labels as (n,), int64; see `integer_labels`."""
    return integer_labels(labels, n, path, classes=classes, field=field).astype(np.int64)


def integer_labels(
    labels: NDArray[Any],
    n: int,
    path: Path,
    *,
    classes: int | None = None,
    field: str | None = None,
) -> NDArray[np.integer]:
    """Return labels as (n,), of their own dtype.

    Parameters
    ----------
    labels : integer array of shape (n,) or (n, 1)
    n : int
        Number of images.
    classes : int or None
        Labels must be below it.

    Raises
    ------
    DataError
        They are not the labels of n images.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        message = f"labels must be integers (n,), received {labels.dtype} {labels.shape}"
        raise DataError(message, file=path, field=field)
    if len(labels) != n:
        message = f"there must be a label for each image, received {len(labels):,} for {n:,} images"
        raise DataError(message, file=path, field=field)
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or (classes is not None and highest >= classes):
        wanted = "not be below 0" if classes is None else f"run from 0 to {classes - 1}"
        message = f"labels must {wanted}, received {lowest if lowest < 0 else highest}"
        raise DataError(message, file=path, field=field)
    return labels


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(str(side) for side in shape)
