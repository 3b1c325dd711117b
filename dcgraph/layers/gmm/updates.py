"""What sufficient statistics make of parameters.

Both rules start from ``T = M(sigma)^T S / count``: the sums of every component, smoothed over the
torus. Sums are taken about the layer's offset (x' = x - offset).
"""

from __future__ import annotations

from collections.abc import Callable
from operator import matmul
from types import EllipsisType
from typing import Any

import numpy as np

from dcgraph.backends.contract import Backend
from dcgraph.backends.pieces import pieces
from dcgraph.contracts.layer import Params
from dcgraph.layers.gmm.density import log_softmax
from dcgraph.signal import Array
from dcgraph.state import Arrays, Statistics

Product = Callable[[Array, Array], Array]

PRECISION_SQRT_MIN = 1e-3
WEIGHT_MIN = 1e-6


def expected_statistics(xp: Any, params: Params) -> Statistics:
    """Return the statistics, of count 1, of data distributed as the mixture itself."""
    weights = xp.exp(log_softmax(xp, params["weight_logits"]))
    centred = params["means"] - params["offset"]
    second = centred**2 + params["precision_sqrt"] ** -2
    return Statistics(
        {"S0": weights, "S1": weights[..., None] * centred, "S2": weights[..., None] * second}, 1
    )


def smoothed(
    statistics: Statistics,
    smoothing: Array | None,
    sets: slice | EllipsisType = ...,
    product: Product = matmul,
) -> tuple[Array, Array, Array]:
    """Return T0 (P, K), T1 and T2 (P, K, d), ``M^T S / count``, of some parameter sets."""
    s0, s1, s2 = (statistics.sums[name][sets] for name in ("S0", "S1", "S2"))
    if statistics.count != 1:
        s0, s1, s2 = (array / statistics.count for array in (s0, s1, s2))
    if smoothing is None:
        return s0, s1, s2
    return product(s0, smoothing), product(smoothing.T, s1), product(smoothing.T, s2)


def gradients(
    xp: Any,
    params: Params,
    statistics: Statistics,
    smoothing: Array | None,
    product: Product = matmul,
) -> Arrays:
    """Return the ascent gradient of the smoothed loss for means, precision roots and logits."""
    t0, t1, t2 = smoothed(statistics, smoothing, product=product)
    mu, r = params["means"] - params["offset"], params["precision_sqrt"]
    t0_d = t0[..., None]
    pi = xp.exp(log_softmax(xp, params["weight_logits"]))
    return {
        "means": r**2 * (t1 - t0_d * mu),
        "precision_sqrt": t0_d / r - r * (t2 - 2 * mu * t1 + t0_d * mu**2),
        # T0 sums to 1 but where rows were unknown, which must not pull the weights together.
        "weight_logits": t0 - pi * t0.sum(axis=-1, keepdims=True),
    }


def maximize(
    xp: Any, params: Params, statistics: Statistics, smoothing: Array | None, precision_max: float
) -> Arrays:
    """Return the exact maximiser of the smoothed loss for fixed assignments, floor included.

    A component that won (next to) nothing keeps its mean and precision.
    """
    offset = float(params["offset"])
    means, precision_sqrt = xp.empty_like(params["means"]), xp.empty_like(params["means"])
    share = xp.empty_like(params["weight_logits"])
    for piece in pieces(xp, means):
        t0, t1, t2 = smoothed(statistics, smoothing, piece)
        share[piece] = t0
        per_row = 1 / xp.maximum(t0, t0.dtype.type(WEIGHT_MIN))[..., None]
        mean = xp.multiply(t1, per_row, out=means[piece])
        variance = xp.multiply(t2, per_row, out=precision_sqrt[piece])
        variance -= mean * mean
        xp.clip(variance, 1 / precision_max, xp.inf, out=variance)
        xp.sqrt(variance, out=variance)
        xp.divide(1, variance, out=variance)
        if offset:
            mean += offset
    lost = (share < WEIGHT_MIN)[..., None]
    if bool(lost.any()):
        xp.copyto(means, params["means"], where=lost)
        xp.copyto(precision_sqrt, params["precision_sqrt"], where=lost)
    share = xp.maximum(share, share.dtype.type(WEIGHT_MIN))
    return {
        **params,
        "means": means,
        "precision_sqrt": precision_sqrt,
        "weight_logits": xp.log(share / share.sum(axis=-1, keepdims=True)),
    }


def constrain(ops: Backend, params: Params, precision_max: float) -> Arrays:
    """Return the parameters with every precision root in its bounds."""
    r = ops.xp.clip(params["precision_sqrt"], PRECISION_SQRT_MIN, precision_sqrt_max(precision_max))
    return {**params, "precision_sqrt": r.astype(params["precision_sqrt"].dtype, copy=False)}


def precision_sqrt_max(precision_max: float) -> float:
    """Return the upper bound of r."""
    return float(np.sqrt(precision_max))
