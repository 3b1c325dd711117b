"""Many images as one picture: arrays in, an array of bytes out, and onto the disk.

Values are clipped here and nowhere else: what a model draws may leave [0, 1], a picture cannot.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import InputError
from dcgraph.signal import Shape

UNKNOWN = 0.5  # grey of pixels that are NaN
GAP = 0.25  # grey between images
COMFORTABLE = 56  # pixels; smaller images are enlarged until they reach it

Picture = NDArray[np.uint8]


def comfortable_scale(shape: Shape) -> int:
    """Return the factor that makes an image of shape (h, w, c) easy to look at."""
    return max(1, COMFORTABLE // max(shape[:2]))


def image_grid(
    images: NDArray[Any], columns: int | None = None, scale: int = 1, padding: int = 1
) -> Picture:
    """Return images side by side, row by row.

    Parameters
    ----------
    images : array of shape (n, h, w, c)
        Grey (c = 1) or RGB (c = 3), clipped to [0, 1]; NaN is shown as mid-grey.
    columns : int or None
        Images in a row; None makes the grid about square.
    scale : int
        Each value becomes a square of so many pixels.
    padding : int
        Pixels between images and around them.

    Returns
    -------
    uint8 array of shape (H, W) for grey, (H, W, 3) for RGB

    Raises
    ------
    InputError
        There is no image, or images have neither one nor three channels.
    """
    _check(images, columns, scale, padding)
    n, h, w, c = images.shape
    columns = min(n, columns or math.ceil(math.sqrt(n)))
    rows = math.ceil(n / columns)
    values = np.clip(np.nan_to_num(images.astype(np.float32), nan=UNKNOWN), 0, 1)
    # bytes from here on: there may be thousands of images
    pixels = np.rint(values * 255).astype(np.uint8)
    pixels = pixels.repeat(scale, axis=1).repeat(scale, axis=2)
    h, w = h * scale, w * scale
    # each cell is an image with its padding above and to the left
    gap = round(GAP * 255)
    cells = np.full((rows * columns, h + padding, w + padding, c), gap, np.uint8)
    cells[:n, padding:, padding:] = pixels
    grid = cells.reshape(rows, columns, h + padding, w + padding, c).swapaxes(1, 2)
    grid = grid.reshape(rows * (h + padding), columns * (w + padding), c)
    picture: Picture = np.pad(grid, ((0, padding), (0, padding), (0, 0)), constant_values=gap)
    return picture[..., 0] if c == 1 else picture


def _check(images: NDArray[Any], columns: int | None, scale: int, padding: int) -> None:
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape:
        message = (
            "a picture is made of images of shape (n, h, w, 1) or (n, h, w, 3), n at least 1; "
            f"received shape {images.shape}"
        )
        raise InputError(message)
    if scale < 1 or padding < 0 or (columns is not None and columns < 1):
        message = (
            "a grid of images needs scale and columns of at least 1 and a padding of at least 0; "
            f"received scale {scale}, columns {columns}, padding {padding}"
        )
        raise InputError(message)
