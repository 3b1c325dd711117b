"""Images from outside, checked against what a model was made for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import InputError
from dcgraph.graph.graph import Graph

PixelRange = tuple[float, float]
BEYOND = 10  # spans of the training pixels; what lies farther out is on another scale


def checked_images(graph: Graph, x: Any, trained_on: PixelRange | None = None) -> NDArray[Any]:
    """Return images as a float array (n, h, w, c), NaN where unknown.

    Parameters
    ----------
    x : array of shape (n, h, w, c), or (n, h, w) for one channel
        uint8, which are scaled to [0, 1]; floats on the scale of the training images; booleans.
    trained_on : (float, float) or None
        The smallest and the largest training pixel, where they are known.

    Raises
    ------
    InputError
        Shape, type or range are not those of images the model can look at.
    """
    entry = graph.entry
    shape = graph[entry].shape
    try:
        images = np.asarray(x)
    except ValueError as error:  # lists of unequal lengths
        message = f"images cannot be made into an array: {error}"
        raise InputError(message, node=entry) from error
    if images.ndim == 3 and shape[2] == 1:
        images = images[..., None]
    if images.ndim != 4 or images.shape[1:] != shape or not len(images):
        message = (
            f"images must have the shape (n, {shape[0]}, {shape[1]}, {shape[2]}) with n at "
            f"least 1, received {np.shape(x)}"
        )
        raise InputError(message, node=entry)
    if images.dtype == np.uint8:
        return images.astype(graph.train.dtype) / 255
    if images.dtype.kind not in "fb":
        message = (
            "images must be uint8 (0 to 255), floats (on the scale of the training images) or "
            f"booleans, received dtype {images.dtype}: convert them"
        )
        raise InputError(message, node=entry)
    if images.dtype.kind == "b":
        return images.astype(graph.train.dtype)
    _check_range(images, trained_on, entry)
    return images


def _check_range(images: NDArray[Any], trained_on: PixelRange | None, entry: str) -> None:
    known = images[~np.isnan(images)]
    if not known.size:
        return  # nothing is known of any image: whoever cannot work with that says so
    low, high = float(known.min()), float(known.max())
    if not np.isfinite([low, high]).all():
        message = "images hold infinite pixels; use NaN for unknown ones"
        raise InputError(message, node=entry)
    if trained_on is None:
        return
    span = BEYOND * max(trained_on[1] - trained_on[0], 1e-6)
    if low < trained_on[0] - span or high > trained_on[1] + span:
        message = (
            f"pixels run from {low:g} to {high:g}, but the model was trained on pixels from "
            f"{trained_on[0]:g} to {trained_on[1]:g}: scale them, or give bytes as uint8"
        )
        raise InputError(message, node=entry)
