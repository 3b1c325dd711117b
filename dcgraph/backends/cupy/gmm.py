"""Scores, posteriors, winners and sufficient statistics; see `dcgraph.backends.numpy.gmm`.

A batch is taken whole: scores are written once, `mixture_posterior` makes all else of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dcgraph.backends.contract import MixtureParameters, Pair
from dcgraph.backends.cupy.device import (
    GRID_MAX,
    NULL,
    SHARED_BYTES,
    Device,
    integers,
    over_samples,
    type_name,
)
from dcgraph.backends.cupy.rows import Rows
from dcgraph.backends.cupy.sources import instance
from dcgraph.backends.cupy.statistics import add_unseen, products, segments
from dcgraph.errors import BackendError
from dcgraph.signal import Array, Signal, SignalBlocks

TILE_ROWS, BLOCK = 64, 256  # as in gmm.cu
WARP, WARPS = 32, 4
# From so many components on, smoothing is a product of its own.
PRODUCT_FROM = 128
ROWS_MAX = 2**31 - 2**16


def mixture_scores(device: Device, signal: Signal, mixture: MixtureParameters) -> Array:
    """Return scores of known dimensions, (n, h, w, K), without ``-d/2 log 2 pi``."""
    return _scores(device, Rows.of_signal(device.xp, signal, mixture.matrix.dtype), mixture)


def mixture_observe(
    device: Device,
    source: SignalBlocks,
    mixture: MixtureParameters,
    smoothing: Array | None,
    *,
    soft: bool,
    want: frozenset[str],
) -> dict[str, Any]:
    """Return what is wanted of a batch; see `dcgraph.backends.contract.Backend`."""
    signal = source.block(0, source.shape[0])
    rows = Rows.of_signal(device.xp, signal, mixture.matrix.dtype)
    return _observe(device, rows, mixture, smoothing, soft=soft, want=want)


def mixture_observe_patches(
    device: Device,
    source: SignalBlocks,
    kernel: Pair,
    stride: Pair,
    mixture: MixtureParameters,
    smoothing: Array | None,
    *,
    soft: bool,
    want: frozenset[str],
) -> dict[str, Any]:
    """Return what `mixture_observe` would of the folded signal; patches are never written."""
    signal = source.block(0, source.shape[0])
    rows = Rows.of_patches(device.xp, signal, kernel, stride, mixture.matrix.dtype)
    return _observe(device, rows, mixture, smoothing, soft=soft, want=want)


def _scores(device: Device, rows: Rows, mixture: MixtureParameters) -> Array:
    xp = device.xp
    sets, terms, components = mixture.matrix.shape
    dtype = mixture.matrix.dtype
    scores = xp.empty((*rows.positions, components), dtype)
    total = rows.count
    if not total:
        return scores
    if total > ROWS_MAX:
        message = f"a batch has at most {ROWS_MAX} positions, received {total}: use smaller batches"
        raise BackendError(message)
    masked = rows.known is not None
    base = mixture.log_weights if masked else mixture.bias
    biases = _component_first(xp, mixture.dimension_bias) if masked else NULL
    columns = 32 if components <= 32 else 64
    per_set = total // sets
    launch = device.kernel(
        "gmm",
        instance("mixture_scores", type_name(scores), "true" if masked else "false", str(columns)),
    )
    launch(
        (-(-per_set // TILE_ROWS), -(-components // columns), min(sets, GRID_MAX)),
        (BLOCK,),
        (
            rows.values,
            rows.known if masked else NULL,
            xp.asarray(mixture.offset, dtype),
            _component_first(xp, mixture.matrix),
            xp.ascontiguousarray(base),
            biases,
            scores,
            *integers(per_set, sets, components, terms // 2),
            *rows.layout,
        ),
    )
    return scores


def _component_first(xp: Any, array: Array) -> Array:
    """Return (P, D, K) as dense (P, K, D): how `pack` lays them out, so that nothing moves."""
    return xp.ascontiguousarray(array.swapaxes(1, 2))


def _observe(
    device: Device,
    rows: Rows,
    mixture: MixtureParameters,
    smoothing: Array | None,
    *,
    soft: bool,
    want: frozenset[str],
) -> dict[str, Any]:
    xp = device.xp
    n, h, w = rows.positions
    sets, components = mixture.bias.shape
    dtype = mixture.matrix.dtype
    warps = _warps(components, dtype)
    scores = _scores(device, rows, mixture)
    known_dimensions = None if rows.known is None else _known_dimensions(device, rows)
    out: dict[str, Any] = {
        name: xp.empty((n, h, w), dtype)
        for name in ("log_likelihood", "max_component", "loss")
        if name in want
    }
    if "output" in want:
        out["output"] = xp.empty(scores.shape, dtype)
        if known_dimensions is not None:
            out["known"] = known_dimensions.reshape(n, h, w, 1) > 0
    learned = "statistics" in want
    winner = xp.empty((n, h, w), np.int32) if learned and not soft else None
    assignment = xp.empty(scores.shape, dtype) if learned and soft else None
    _posterior(
        device,
        rows,
        scores,
        smoothing,
        known_dimensions,
        out,
        winner,
        assignment,
        soft=soft,
        warps=warps,
    )
    if not learned:
        return out
    seeing = None if known_dimensions is None else known_dimensions > 0
    if winner is not None:
        sums = segments(device, rows, winner, mixture)
        if sums is None:  # too many components for the shared memory of a block
            hits = xp.arange(components, dtype=np.int32) == winner[..., None]
            assignment = hits.astype(dtype)
    if assignment is not None:
        sums = products(device, rows, assignment, mixture)
    assert sums is not None  # one of the two
    s0, s1, s2, s_known = sums
    if s_known is not None:
        add_unseen(s0, s1, s2, s_known, mixture)
    count = n * h * w if sets == 1 else n
    if seeing is not None and sets == 1:
        count = int(seeing.sum())
    return {**out, "S0": s0, "S1": s1, "S2": s2, "count": float(count)}


def _warps(components: int, dtype: Any) -> int:
    """Return how many rows a block of `mixture_posterior` has shared memory for."""
    most: int = SHARED_BYTES // (2 * dtype.itemsize)
    if components > most:
        message = (
            f"the cupy backend takes at most {most} components in {dtype}, received {components}"
        )
        raise BackendError(message)
    return min(WARPS, most // components)


def _known_dimensions(device: Device, rows: Rows) -> Array:
    """Return how many dimensions of each row are known, (rows,)."""
    out = device.xp.empty((rows.count,), np.int32)
    over_samples(
        device,
        "gmm",
        "mixture_known",
        None,
        [rows.known, out, *integers(rows.count, rows.depth), *rows.layout],
        elements=rows.count,
        samples=1,
    )
    return out


def _posterior(
    device: Device,
    rows: Rows,
    scores: Array,
    smoothing: Array | None,
    known_dimensions: Array | None,
    out: dict[str, Any],
    winner: Array | None,
    assignment: Array | None,
    *,
    soft: bool,
    warps: int,
) -> None:
    """Fill in what is wanted of the scores."""
    xp = device.xp
    components = scores.shape[-1]
    transposed, smoothed = NULL, NULL
    if smoothing is not None and (winner is not None or assignment is not None or "loss" in out):
        smoothing = smoothing.astype(scores.dtype, copy=False)
        if components < PRODUCT_FROM:
            transposed = xp.ascontiguousarray(smoothing.T)
        else:
            smoothed = device.matmul(scores.reshape(-1, components), smoothing.T)
    if not rows.count:
        return
    optional = [
        known_dimensions,
        *(out.get(name) for name in ("output", "log_likelihood", "max_component", "loss")),
        winner,
        assignment,
    ]
    launch = device.kernel("gmm", instance("mixture_posterior", type_name(scores)))
    launch(
        (min(-(-rows.count // warps), ROWS_MAX),),
        (warps * WARP,),
        (
            scores,
            transposed,
            smoothed,
            *(NULL if array is None else array for array in optional),
            *integers(rows.count, components, rows.depth, int(soft)),
        ),
        shared_mem=warps * 2 * components * scores.dtype.itemsize,
    )
