"""What a model draws, as what a picture can show."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

COLOURS = (1, 3)  # channels of grey and of RGB


def as_pixels(images: NDArray[Any], pixel_range: tuple[float, float] | None) -> NDArray[Any]:
    """Return images on about [0, 1]; channels that are no colours lie side by side.

    Parameters
    ----------
    images : array of shape (n, h, w, c)
    pixel_range : (float, float) or None
        The smallest and the largest training pixel, which become 0 and 1; None: they are.

    Returns
    -------
    array of shape (n, h, w, c), or (n, h, w * c, 1)
    """
    low, high = pixel_range or (0.0, 1.0)
    scaled: NDArray[Any] = (images - low) / max(high - low, float(np.finfo(np.float32).tiny))
    n, h, w, c = scaled.shape
    return scaled if c in COLOURS else scaled.reshape(n, h, w * c, 1)
