"""Scores, posteriors, winners and sufficient statistics; see `dcgraph.backends.numpy.gmm`.

A batch is taken whole: scores are written once, `mixture_posterior` makes all else of them. Where
rows and parameters are small, one kernel does both, and scores are not written at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dcgraph.backends.contract import MixtureParameters, Pair
from dcgraph.backends.cupy.device import Device
from dcgraph.backends.cupy.narrow import narrow
from dcgraph.backends.cupy.posterior import dimensions_known, posterior, refuse_too_many
from dcgraph.backends.cupy.rows import Rows
from dcgraph.backends.cupy.scores import scores
from dcgraph.backends.cupy.statistics import add_unseen, products, segments
from dcgraph.signal import Array, Signal, SignalBlocks


def mixture_scores(device: Device, signal: Signal, mixture: MixtureParameters) -> Array:
    """Return scores of known dimensions, (n, h, w, K), without ``-d/2 log 2 pi``."""
    return scores(device, Rows.of_signal(device.xp, signal, mixture.matrix.dtype), mixture)


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
    refuse_too_many(components, dtype)
    known_dimensions = None if rows.known is None else dimensions_known(device, rows)
    out: dict[str, Any] = {
        name: xp.empty((n, h, w), dtype)
        for name in ("log_likelihood", "max_component", "loss")
        if name in want
    }
    if "output" in want:
        out["output"] = xp.empty((n, h, w, components), dtype)
        if known_dimensions is not None:
            out["known"] = known_dimensions.reshape(n, h, w, 1) > 0
    learned = "statistics" in want
    winner = xp.empty((n, h, w), np.int32) if learned and not soft else None
    assignment = xp.empty((n, h, w, components), dtype) if learned and soft else None
    wanted = {**out, "winner": winner, "assignment": assignment}
    if soft or not narrow(device, rows, mixture, smoothing, wanted):
        made = scores(device, rows, mixture)
        posterior(device, made, smoothing, known_dimensions, wanted, depth=rows.depth, soft=soft)
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
