"""Scores, posteriors, winners and sufficient statistics of a mixture, in one pass.

A batch is taken in blocks small enough for the processor's cache. Inside a block, arrays over
components are laid out component first, (K, P, m): reductions over K then run along memory.
P is the number of parameter sets, m the number of rows that share one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.contract import MixtureParameters
from dcgraph.backends.numpy.blocks import Block, blocks
from dcgraph.signal import Signal, SignalBlocks

# From so many dimensions on, adding up rows by their winner is faster than a matrix product.
SEGMENTS_FROM = 48


def mixture_scores(signal: Signal, mixture: MixtureParameters) -> NDArray[Any]:
    """Return scores of known dimensions, (n, h, w, K), without ``-d/2 log 2 pi``."""
    n, h, w, _ = signal.shape
    out = np.empty((n, h, w, mixture.bias.shape[1]), mixture.matrix.dtype)
    for block in blocks(signal, mixture):
        block.put(out, block.scores())
    return out


def mixture_observe(
    source: SignalBlocks,
    mixture: MixtureParameters,
    smoothing: NDArray[Any] | None,
    *,
    soft: bool,
    want: frozenset[str],
) -> dict[str, Any]:
    """Return what is wanted of a batch; see `dcgraph.backends.contract.Backend`."""
    n, h, w, d = source.shape
    dtype = mixture.matrix.dtype
    sets, components = mixture.bias.shape
    maps = want & {"log_likelihood", "max_component", "loss"}
    out: dict[str, Any] = {name: np.empty((n, h, w), dtype) for name in maps}
    if "output" in want:
        out["output"] = np.empty((n, h, w, components), dtype)
    sums = None
    if "statistics" in want:
        sums = _Sums(
            np.zeros((sets, components), dtype), np.zeros((sets, components, 2 * d), dtype)
        )
    for block in blocks(source, mixture):
        _observe_block(block, smoothing, out, sums, soft=soft, want=want)
    if sums is not None:
        out |= {"S0": sums.s0, "S1": sums.s1_s2[..., :d], "S2": sums.s1_s2[..., d:]}
        out["count"] = float(sums.rows if sets == 1 else n)
    return out


def _observe_block(
    block: Block,
    smoothing: NDArray[Any] | None,
    out: dict[str, Any],
    sums: _Sums | None,
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
            smoothed = (smoothing @ scores.reshape(components, -1)).reshape(scores.shape)
            peak = smoothed.max(axis=0)
        assert peak is not None  # one of the two
        if sums is None and not soft:
            put("loss", peak)
        else:
            assignment, loss = _assign(smoothed, peak, soft=soft)
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
        block.put(known[..., 0], block.known.any(axis=-1))


def _assign(
    scores: NDArray[Any], largest: NDArray[Any], *, soft: bool
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return assignments (K, P, m) and the loss (P, m), without its constant."""
    if soft:
        weights = np.exp(scores - largest)
        total = weights.sum(axis=0)
        weights /= total
        return weights, largest + np.log(total)
    winner = scores == largest
    if np.count_nonzero(winner) != largest.size:  # a tie: the first of the winners takes it
        winner = np.arange(len(scores))[:, None, None] == scores.argmax(axis=0)
    return winner.astype(scores.dtype), largest


@dataclass
class _Sums:
    """Sufficient statistics that grow block by block.

    Attributes
    ----------
    s0 : array of shape (P, K)
    s1_s2 : array of shape (P, K, 2 d)
        S1 beside S2.
    rows : float
        How many rows were added, those that know nothing left out.
    """

    s0: NDArray[Any]
    s1_s2: NDArray[Any]
    rows: float = 0.0

    def add(self, block: Block, assignment: NDArray[Any], *, hard: bool) -> None:
        """Add the sums over a block's rows; unknown dimensions count as expected.

        What a component expects of a dimension it cannot see are its mean and second moment: the
        exact E-step for missing values under a diagonal Gaussian. A row that knows nothing counts
        for nothing.
        """
        sets = slice(None) if block.shared else block.positions
        some_known = None
        if block.known is not None:
            some_known = block.known.any(axis=-1)
            assignment = assignment * some_known
        components, _, m = assignment.shape
        self.rows += assignment[0].size if some_known is None else float(some_known.sum())
        s0 = (assignment.reshape(-1, m) @ np.ones(m, assignment.dtype)).reshape(components, -1).T
        total = _totals(block, assignment, hard=hard)
        self.s0[sets] += s0
        first = 0
        for rows in block.terms:
            self.s1_s2[sets, :, first : first + rows.shape[-1]] += total(rows)
            first += rows.shape[-1]
        if block.known is not None:
            d = block.known.shape[-1]
            means = block.mixture.centred_means.swapaxes(1, 2)
            unseen = s0[..., None] - total(block.known)
            self.s1_s2[sets, :, :d] += unseen * means
            self.s1_s2[sets, :, d:] += unseen * (
                means**2 + block.mixture.variances.swapaxes(1, 2)
            )


def _totals(
    block: Block, assignment: NDArray[Any], *, hard: bool
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return a function from rows (P, m, D) to their sums by component, (P, K, D)."""
    rows = block.terms[0].swapaxes(0, 1)  # (m, P, D)
    by_set = assignment.swapaxes(0, 1)  # (P, K, m)
    if not hard or rows.shape[-1] < SEGMENTS_FROM or not rows.flags.c_contiguous:
        return lambda rows: by_set @ rows

    from scipy.sparse import csc_array

    # A sparse matrix with a single entry in each column: the sums take one addition per element.
    components, sets, m = assignment.shape
    winners = np.arange(components, dtype=assignment.dtype) @ assignment.reshape(components, -1)
    row_of = winners.reshape(sets, m) + components * np.arange(sets)[:, None]
    selection = csc_array(
        (
            assignment.max(axis=0).T.ravel(),
            row_of.T.ravel().astype(np.int32),
            np.arange(sets * m + 1, dtype=np.int32),
        ),
        shape=(sets * components, sets * m),
    )

    def by_winner(rows: NDArray[Any]) -> NDArray[Any]:
        dimensions = rows.shape[-1]
        flat = rows.swapaxes(0, 1).reshape(m * sets, dimensions)
        sums: NDArray[Any] = selection @ flat
        return sums.reshape(sets, components, dimensions)

    return by_winner
