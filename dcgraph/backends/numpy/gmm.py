"""Scores, posteriors, winners and sufficient statistics of a mixture, in one pass.

A batch is taken in blocks of images small enough for the processor's cache. Inside a block, arrays
over components are laid out component first, (K, P, m): reductions over K then run along memory.
P is the number of parameter sets, m the number of rows that share one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.contract import MixtureParameters
from dcgraph.signal import Signal, SignalBlocks

HALF_LOG_2PI = 0.5 * log(2 * pi)
CACHE_BYTES = 2**21
# Parameter sets of their own make small products, which longer columns speed up.
CACHE_BYTES_PER_POSITION = 2**24


def mixture_scores(signal: Signal, mixture: MixtureParameters) -> NDArray[Any]:
    """Return scores of known dimensions, (n, h, w, K), without ``-d/2 log 2 pi``."""
    block = _Block.of(signal, mixture)
    n, h, w, _ = signal.shape
    return np.ascontiguousarray(_positions_last(block.scores(), (n, h, w)))


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
    if "statistics" in want:
        out["S0"] = np.zeros((sets, components), dtype)
        out["S1"] = np.zeros((sets, components, d), dtype)
        out["S2"] = np.zeros((sets, components, d), dtype)
        out["count"] = 0.0
    size = _block_size(h * w, d, components, sets, dtype.itemsize)
    for start in range(0, n, size):
        stop = min(n, start + size)
        block = _Block.of(source.block(start, stop), mixture)
        _observe_block(block, smoothing, start, out, soft=soft, want=want)
    return out


def _block_size(positions: int, d: int, components: int, sets: int, item: int) -> int:
    """Return how many images make a block."""
    budget = CACHE_BYTES if sets == 1 else CACHE_BYTES_PER_POSITION
    return max(1, budget // (positions * (2 * d + 3 * components) * item))


def _observe_block(
    block: _Block,
    smoothing: NDArray[Any] | None,
    start: int,
    out: dict[str, Any],
    *,
    soft: bool,
    want: frozenset[str],
) -> None:
    """Write a block's share of everything wanted into `out`."""
    scores = block.scores()
    n, h, w, _ = block.signal.shape
    rows = slice(start, start + n)

    def put(name: str, values: NDArray[Any]) -> None:
        if name in want:
            out[name][rows] = _positions_last(values, (n, h, w)) - block.constant()

    largest = None
    if want & {"output", "log_likelihood", "max_component"}:
        largest = scores.max(axis=0)
        put("max_component", largest)
    if want & {"loss", "statistics"}:
        smoothed = scores
        if smoothing is not None:
            components = scores.shape[0]
            smoothed = (smoothing @ scores.reshape(components, -1)).reshape(scores.shape)
        peak = largest if smoothing is None else None
        assignment, loss = _assign(smoothed, peak, soft=soft)
        put("loss", loss)
        if "statistics" in want:
            block.add_statistics(assignment, out)
    if want & {"output", "log_likelihood"}:
        assert largest is not None  # computed above for these
        scores -= largest
        np.exp(scores, out=scores)
        total = scores.sum(axis=0)
        if "output" in want:
            scores /= total
            out["output"][rows] = _positions_last(scores, (n, h, w))
        if "log_likelihood" in want:
            put("log_likelihood", largest + np.log(total))
    if block.mask is not None and "output" in want:
        known = out.setdefault("known", np.zeros((*out["output"].shape[:3], 1), bool))
        known[rows] = block.mask.any(axis=-1, keepdims=True)


def _assign(
    scores: NDArray[Any], largest: NDArray[Any] | None, *, soft: bool
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return assignments (K, P, m) and the loss (P, m), without its constant."""
    if largest is None:
        largest = scores.max(axis=0)
    if soft:
        weights = np.exp(scores - largest)
        total = weights.sum(axis=0)
        weights /= total
        return weights, largest + np.log(total)
    one_hot = (scores == largest).astype(scores.dtype)
    if np.count_nonzero(one_hot) != largest.size:  # a tie: the first of the winners takes it
        one_hot = (np.arange(len(scores))[:, None, None] == scores.argmax(axis=0)).astype(
            scores.dtype
        )
    return one_hot, largest


def _positions_last(values: NDArray[Any], positions: tuple[int, int, int]) -> NDArray[Any]:
    """Return (P, m) as (n, h, w), or (K, P, m) as (n, h, w, K)."""
    n, h, w = positions
    *leading, sets, _ = values.shape
    if leading:
        values = np.moveaxis(values, 0, -1)  # (P, m, K)
    if sets == 1:
        return values.reshape(n, h, w, *leading)
    return values.swapaxes(0, 1).reshape(n, h, w, *leading)


@dataclass(frozen=True, slots=True)
class _Block:
    """Some images of a batch, as rows of one matrix for each parameter set.

    Attributes
    ----------
    x, square : array of shape (P, m, d)
        Input about the offset, 0 where it is unknown; and its square.
    mask, known : array of shape (n, h, w, d) and (P, m, d), or None
        What is known, as booleans and as numbers 0 and 1; None: everything is.
    """

    signal: Signal
    mixture: MixtureParameters
    x: NDArray[Any]
    square: NDArray[Any]
    mask: NDArray[np.bool_] | None = None
    known: NDArray[Any] | None = None

    @classmethod
    def of(cls, signal: Signal, mixture: MixtureParameters) -> _Block:
        """Return the block of a signal's samples."""
        sets = len(mixture.matrix)
        values = signal.values.astype(mixture.matrix.dtype, copy=False)
        if mixture.offset:
            values = values - values.dtype.type(mixture.offset)
        if signal.known is None:
            x = _as_rows(values, sets)
            return cls(signal, mixture, x, x * x)
        mask = np.broadcast_to(signal.known, values.shape)
        x = _as_rows(np.where(mask, values, 0).astype(values.dtype, copy=False), sets)
        return cls(signal, mixture, x, x * x, mask, _as_rows(mask.astype(values.dtype), sets))

    def constant(self) -> Any:
        """Return ``d/2 log 2 pi``, d counting known dimensions: a number or (n, h, w)."""
        if self.mask is None:
            return self.signal.values.dtype.type(HALF_LOG_2PI * self.signal.shape[3])
        return (HALF_LOG_2PI * self.mask.sum(axis=-1)).astype(self.signal.values.dtype)

    def scores(self) -> NDArray[Any]:
        """Return scores without the constant, (K, P, m)."""
        mixture = self.mixture
        d = self.x.shape[-1]
        scores = _product(self.x, mixture.matrix[:, :d])
        scores += _product(self.square, mixture.matrix[:, d:])
        if self.known is None:
            scores += mixture.bias.T[:, :, None]
        else:
            scores += _product(self.known, mixture.dimension_bias)
            scores += mixture.log_weights.T[:, :, None]
        return scores

    def add_statistics(self, assignment: NDArray[Any], out: dict[str, Any]) -> None:
        """Add the sums over this block's rows; unknown dimensions count as expected.

        What a component expects of a dimension it cannot see are its mean and second moment: the
        exact E-step for missing values under a diagonal Gaussian. A row that knows nothing counts
        for nothing.
        """
        n, h, w, _ = self.signal.shape
        shared = len(self.mixture.matrix) == 1
        if self.known is not None:
            any_known = self.known.any(axis=-1)
            assignment = assignment * any_known
            out["count"] += float(any_known.sum()) if shared else n
        else:
            out["count"] += n * h * w if shared else n
        by_set = assignment.swapaxes(0, 1)  # (P, K, m)
        s0 = assignment.sum(axis=-1).T
        out["S0"] += s0
        out["S1"] += by_set @ self.x
        out["S2"] += by_set @ self.square
        if self.known is not None:
            means = self.mixture.centred_means.swapaxes(1, 2)
            unseen = s0[..., None] - by_set @ self.known
            out["S1"] += unseen * means
            out["S2"] += unseen * (means**2 + self.mixture.variances.swapaxes(1, 2))


def _as_rows(values: NDArray[Any], sets: int) -> NDArray[Any]:
    """Return (n, h, w, d) as (P, m, d)."""
    n, h, w, d = values.shape
    if sets == 1:
        return values.reshape(1, n * h * w, d)
    return values.reshape(n, h * w, d).swapaxes(0, 1)


def _product(rows: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    """Return (P, m, d) times (P, d, K) as (K, P, m)."""
    if rows.shape[-1] > 1 and rows.strides[-1] > rows.strides[-2]:  # dimensions run last in memory
        product = matrix.swapaxes(1, 2) @ rows.swapaxes(1, 2)  # (P, K, m)
        return np.ascontiguousarray(product.swapaxes(0, 1))
    product = rows @ matrix
    return np.ascontiguousarray(np.moveaxis(product, -1, 0))
