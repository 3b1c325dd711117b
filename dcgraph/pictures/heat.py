"""Numbers as colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.pictures.grid import UNKNOWN


def heat(maps: NDArray[Any], low: float | None = None, high: float | None = None) -> NDArray[Any]:
    """Return maps as colour images: dark where values are low, NaN grey.

    Parameters
    ----------
    maps : array of shape (n, h, w)
    low, high : float or None
        Values of the darkest and the lightest colour, the same for all maps; None: the 1st and the
        99th percentile.

    Returns
    -------
    float array of shape (n, h, w, 3) in [0, 1]
    """
    from matplotlib import colormaps

    known = np.isfinite(maps)
    values = maps[known] if known.any() else np.zeros(1)
    bottom = float(np.percentile(values, 1)) if low is None else low
    top = float(np.percentile(values, 99)) if high is None else high
    scaled = (np.where(known, maps, bottom) - bottom) / max(top - bottom, 1e-12)
    colours = np.asarray(colormaps["inferno"](np.clip(scaled, 0, 1)))[..., :3]
    colours[~known] = UNKNOWN
    return colours.astype(np.float32)
