"""How far two sets of images are apart: the Fréchet distance of Gaussians fitted to features."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import InputError


def frechet_distance(some: NDArray[Any], others: NDArray[Any]) -> float:
    """Return the squared Fréchet distance of the Gaussians that fit two sets of features.

    ``|m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2))``, of means and covariances. It is 0 for equal
    sets, grows with what is missing and with what is new, and is biased upwards by small sets:
    compare figures of equally many features alone.

    Parameters
    ----------
    some, others : arrays of shape (n, d) and (m, d)

    Raises
    ------
    InputError
        A set has fewer than two rows, or the dimensions differ.
    """
    if some.ndim != 2 or others.ndim != 2 or some.shape[1:] != others.shape[1:]:
        message = f"features must be two arrays (n, d), received {some.shape} and {others.shape}"
        raise InputError(message)
    if min(len(some), len(others)) < 2:
        message = f"a distance needs at least 2 images of each kind, received {len(some)} and "
        raise InputError(message + f"{len(others)}")
    means = some.mean(axis=0, dtype=np.float64) - others.mean(axis=0, dtype=np.float64)
    first, second = (_covariance(each) for each in (some, others))
    # The eigenvalues of C1 C2 are those of the symmetric R C2 R, where R R = C1.
    root = _root(first)
    values = np.linalg.eigvalsh(root @ second @ root)
    cross = np.sqrt(np.maximum(values, 0)).sum()
    return float(max(means @ means + np.trace(first) + np.trace(second) - 2 * cross, 0))


def _covariance(features: NDArray[Any]) -> NDArray[np.float64]:
    covariance: NDArray[np.float64] = np.cov(features.astype(np.float64), rowvar=False)
    return np.atleast_2d(covariance)


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the symmetric square root of a covariance."""
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root
