"""Makes images fit a graph's input: as they are, resized, or padded."""

from __future__ import annotations

from functools import lru_cache
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
        channels = f"{images[2]} channel" + ("s" if images[2] > 1 else "")
        message = f"images are {got}, the graph's input is {want}: give the input {channels}"
    elif fit == "error":
        message = (
            f"images are {got}, the graph's input is {want}: change the input's shape, or set "
            "data.fit to resize or pad"
        )
    elif fit == "pad" and (images[0] > wanted[0] or images[1] > wanted[1]):
        message = f"images of {got} cannot be padded to {want}, which is smaller: use fit: resize"
    else:
        return
    raise DataError(message, field="data.fit")


def fitted(images: NDArray[Any], wanted: Shape, fit: Fit) -> NDArray[Any]:
    """Return images (n, h, w, c), float32, in the wanted shape; `check_fit` has allowed it."""
    n, h, w, c = images.shape
    if (h, w, c) == wanted:
        return images
    if fit == "pad":
        out = np.zeros((n, *wanted), images.dtype)
        top, left = (wanted[0] - h) // 2, (wanted[1] - w) // 2
        out[:, top : top + h, left : left + w] = images
        return out
    rows, columns = _weights(h, wanted[0], 1), _weights(w, wanted[1], c)
    high = rows @ images.reshape(n, h, w * c)
    resized: NDArray[Any] = high.reshape(n * wanted[0], w * c) @ columns.T
    return resized.reshape(n, *wanted)


@lru_cache(maxsize=8)
def _weights(size: int, wanted: int, channels: int) -> NDArray[np.float32]:
    """Return a matrix that resamples a row of pixels: area averages to shrink, lines to grow.

    Shrinking keeps the mean of a row, and so does growing by a whole factor.

    Returns
    -------
    array of shape (wanted * channels, size * channels)
        For rows whose pixels hold their channels side by side.
    """
    scale = size / wanted
    places = np.arange(size)
    if wanted < size:
        low = np.arange(wanted)[:, None] * scale  # where a new pixel begins among the old
        weights = np.minimum(low + scale, places + 1) - np.maximum(low, places)
    else:
        centres = (np.arange(wanted)[:, None] + 0.5) * scale - 0.5
        weights = 1.0 - np.abs(places - np.clip(centres, 0, size - 1))
    weights = np.maximum(0.0, weights)
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = np.kron(weights, np.eye(channels)).astype(np.float32)
    matrix.flags.writeable = False  # it is handed out again
    return matrix
