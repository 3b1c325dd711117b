"""Makes images fit a graph's input: as they are, resized, or padded."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import DataError
from dcgraph.signal import Shape

Fit = Literal["error", "resize", "pad"]


def check_fit(images: Shape, wanted: Shape, fit: Fit) -> None:
    """Refuse images that the way of fitting cannot make into the wanted shape.

    Raises
    ------
    DataError
        Channels differ; or sizes do and `fit` is "error", or "pad" would have to cut.
    """
    if images == wanted:
        return
    got, want = ("x".join(map(str, shape)) for shape in (images, wanted))
    if images[2] != wanted[2]:
        message = (
            f"images are {got}, the graph's input is {want}: give the input {images[2]} channels"
        )
    elif fit == "error":
        message = (
            f"images are {got}, the graph's input is {want}: change the input's shape, or set "
            "data.fit to resize or pad"
        )
    elif fit == "pad" and (images[0] > wanted[0] or images[1] > wanted[1]):
        message = f"images of {got} cannot be padded to {want}, which is smaller: use fit: resize"
    else:
        return
    raise DataError(message, field="fit")


def fitted(images: NDArray[Any], wanted: Shape, fit: Fit) -> NDArray[Any]:
    """Return images (n, h, w, c) in the wanted shape; `check_fit` has allowed it."""
    n, h, w, c = images.shape
    if (h, w, c) == wanted:
        return images
    if fit == "pad":
        out = np.zeros((n, *wanted), images.dtype)
        top, left = (wanted[0] - h) // 2, (wanted[1] - w) // 2
        out[:, top : top + h, left : left + w] = images
        return out
    rows, columns = _weights(h, wanted[0]), _weights(w, wanted[1])
    resized: NDArray[Any] = np.einsum("ah,nhwc,bw->nabc", rows, images, columns, optimize=True)
    return resized.astype(images.dtype, copy=False)


def _weights(size: int, wanted: int) -> NDArray[np.float32]:
    """Return the (wanted, size) matrix of a linear resampling that averages when it shrinks."""
    scale = size / wanted
    centres = (np.arange(wanted) + 0.5) * scale - 0.5
    distance = np.abs(np.arange(size)[None, :] - centres[:, None]) / max(scale, 1.0)
    weights = np.maximum(0.0, 1.0 - distance)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)
