"""Scores, posteriors, winners and sufficient statistics of a mixture, in one pass.

A batch is taken in blocks small enough for the processor's cache. Inside a block, arrays over
components are laid out component first, (K, P, m): reductions over K then run along memory.
P is the number of parameter sets, m the number of rows that share one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.contract import MixtureParameters
from dcgraph.backends.numpy.blocks import Block, blocks
from dcgraph.backends.numpy.scratch import Scratch
from dcgraph.backends.numpy.sums import Sums
from dcgraph.signal import Signal, SignalBlocks


def mixture_scores(
    signal: Signal, mixture: MixtureParameters, *, scratch: Scratch | None = None
) -> NDArray[Any]:
    """Return scores of known dimensions, (n, h, w, K), without ``-d/2 log 2 pi``."""
    n, h, w, _ = signal.shape
    out = np.empty((n, h, w, mixture.bias.shape[1]), mixture.matrix.dtype)
    for block in blocks(signal, mixture, scratch or Scratch()):
        block.put(out, block.scores())
    return out


def mixture_observe(
    source: SignalBlocks,
    mixture: MixtureParameters,
    smoothing: NDArray[Any] | None,
    *,
    soft: bool,
    want: frozenset[str],
    scratch: Scratch | None = None,
) -> dict[str, Any]:
    """Return what is wanted of a batch; see `dcgraph.backends.contract.Backend`."""
    n, h, w, _ = source.shape
    dtype = mixture.matrix.dtype
    sets, components = mixture.bias.shape
    maps = want & {"log_likelihood", "max_component", "loss"}
    out: dict[str, Any] = {name: np.empty((n, h, w), dtype) for name in maps}
    if "output" in want:
        out["output"] = np.empty((n, h, w, components), dtype)
    sums = Sums.to_be(mixture, blocks=n > 0) if "statistics" in want else None
    for block in blocks(source, mixture, scratch or Scratch()):
        _observe_block(block, smoothing, out, sums, soft=soft, want=want)
    if sums is not None:
        out |= {"S0": sums.s0, "S1": sums.s1, "S2": sums.s2}
        out["count"] = float(sums.rows if sets == 1 else n)
    return out


def _observe_block(
    block: Block,
    smoothing: NDArray[Any] | None,
    out: dict[str, Any],
    sums: Sums | None,
    *,
    soft: bool,
    want: frozenset[str],
) -> None:
    """Write a block's share of everything wanted into `out`, and add it to `sums`."""
    scores = block.scores()
    constant = block.constant()

    def put(name: str, values: NDArray[Any]) -> None:
        if name in want:
            block.put(out[name], values - constant)

    largest = None
    if smoothing is None or want & {"output", "log_likelihood", "max_component"}:
        largest = scores.max(axis=0)
        put("max_component", largest)
    if want & {"loss", "statistics"}:
        smoothed = scores
        peak = largest
        if smoothing is not None:
            components = scores.shape[0]
            smoothed = block.scratch.array("smoothed", scores.shape, scores.dtype)
            flat = (components, -1)
            np.matmul(smoothing, scores.reshape(flat), out=smoothed.reshape(flat))
            peak = smoothed.max(axis=0)
        assert peak is not None  # one of the two
        if sums is None and not soft:
            put("loss", peak)
        else:
            assignment, loss = _assign(smoothed, peak, block.scratch, soft=soft)
            put("loss", loss)
            if sums is not None:
                sums.add(block, assignment, hard=not soft)
    if want & {"output", "log_likelihood"}:
        assert largest is not None  # computed above for these
        scores -= largest
        np.exp(scores, out=scores)
        total = scores.sum(axis=0)
        if "output" in want:
            scores /= total
            block.put(out["output"], scores)
        if "log_likelihood" in want:
            put("log_likelihood", largest + np.log(total))
    if block.known is not None and "output" in want:
        known = out.setdefault("known", np.zeros((*out["output"].shape[:3], 1), bool))
        some_known: Any = block.known.any(axis=-1)
        block.put(known[..., 0], some_known)


def _assign(
    scores: NDArray[Any], largest: NDArray[Any], scratch: Scratch, *, soft: bool
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return assignments (K, P, m), in scratch memory, and the loss (P, m), less its constant."""
    assignment = scratch.array("assignment", scores.shape, scores.dtype)
    if soft:
        np.subtract(scores, largest, out=assignment)
        np.exp(assignment, out=assignment)
        total = assignment.sum(axis=0)
        assignment /= total
        return assignment, largest + np.log(total)
    winner = np.equal(scores, largest, out=scratch.array("winner", scores.shape, np.bool_))
    if np.count_nonzero(winner) != largest.size:  # a tie: the first of the winners takes it
        winner = np.arange(len(scores))[:, None, None] == scores.argmax(axis=0)
    assignment[:] = winner
    return assignment, largest
