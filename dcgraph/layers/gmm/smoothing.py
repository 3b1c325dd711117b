"""The torus of components, and the smoothing over it that annealing narrows.

Component k sits at row ``k // s``, column ``k % s`` of an s x s torus, s = sqrt(K).
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, isqrt, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray


def side(components: int) -> int:
    """Return sqrt(K).

    Raises
    ------
    ValueError
        K is not a square; the message names the nearest ones.
    """
    root = isqrt(components)
    if root * root != components:
        message = (
            f"annealing lays components out on a square torus, received {components}: use "
            f"{root**2} or {(root + 1) ** 2} components, or annealing: off"
        )
        raise ValueError(message)
    return root


def starting_width(components: int) -> float:
    """Return the sigma at which annealing starts, sqrt(2 K) / 4."""
    side(components)
    return sqrt(2 * components) / 4


def is_negligible(dtype: Any, sigma: float) -> bool:
    """Return whether smoothing at this width is below the precision of the dtype."""
    return sigma <= 0 or 4 * exp(-0.5 / sigma / sigma) < 0.1 * float(np.finfo(dtype).eps)


@lru_cache(maxsize=16)
def smoothing_matrix(components: int, sigma: float) -> NDArray[np.float64]:
    """Return M of shape (K, K): row k holds the weights of the scores that k is smoothed over.

    ``M_kj = exp(-dist(k, j)^2 / 2 sigma^2)``, rows normalised, distances on the torus. Squared
    distances add over rows and columns of the torus, so M is a Kronecker product of two small
    matrices.
    """
    s = side(components)
    steps = np.abs(np.arange(s)[:, None] - np.arange(s)[None, :])
    steps = np.minimum(steps, s - steps)
    line = np.exp(-0.5 * (steps / sigma) ** 2)
    line /= line.sum(axis=1, keepdims=True)
    matrix = np.kron(line, line)
    matrix.setflags(write=False)
    return matrix
