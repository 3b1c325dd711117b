"""Categorical draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def categorical(weights: NDArray[Any], uniform: NDArray[Any]) -> NDArray[np.int64]:
    """Return an index along the last axis, drawn in proportion to the weights.

    Parameters
    ----------
    weights : array of shape (n, h, w, K)
        Not negative, at least one above 0 at each position.
    uniform : array of shape (n, h, w)
        Numbers in [0, 1).
    """
    cumulative = np.cumsum(weights, axis=-1, dtype=np.float64)
    threshold = uniform.astype(np.float64) * cumulative[..., -1]
    # An index of weight 0 is never drawn: its cumulative weight equals its predecessor's.
    index: NDArray[np.int64] = (cumulative <= threshold[..., None]).sum(axis=-1)
    return index
