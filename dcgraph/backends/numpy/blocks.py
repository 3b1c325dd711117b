"""Pieces of a batch that fit the processor's cache, as rows for a mixture's products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.contract import MixtureParameters
from dcgraph.signal import Signal, SignalBlocks

HALF_LOG_2PI = 0.5 * log(2 * pi)
# Of a block's rows, squares, scores and assignments.
CACHE_BYTES = 2**21
# Parameters of all positions do not fit the cache: the more images they meet there, the better.
CACHE_BYTES_PER_POSITION = 2**21
IMAGE_BYTES = 2**26


@dataclass(frozen=True, slots=True)
class Block:
    """Some positions of some images of a batch, with the parameter sets they need.

    There is one parameter set for all of them (P = 1, m = n p), or one for each position (P = p,
    m = n).

    Attributes
    ----------
    images, positions : slice
        Where it stands in the batch, and in the h w positions.
    mixture : MixtureParameters
        Of P sets.
    terms : tuple of arrays of shape (P, m, D)
        Rows for the products: the input about the offset, 0 where it is unknown, then its square.
        The D add up to 2 d.
    mask : boolean array of shape (n, p, d), or None
        What is known; None: everything is.
    known : array of shape (P, m, d), or None
        The mask as rows of 0 and 1.
    """

    images: slice
    positions: slice
    mixture: MixtureParameters
    terms: tuple[NDArray[Any], ...]
    mask: NDArray[np.bool_] | None = None
    known: NDArray[Any] | None = None

    @property
    def shared(self) -> bool:
        """Whether all positions share one parameter set."""
        return len(self.mixture.matrix) == 1

    def put(self, whole: NDArray[Any], values: NDArray[Any]) -> None:
        """Write values of shape (P, m) or (K, P, m) to their place in (n, h, w) or (n, h, w, K)."""
        n, h, w, *channels = whole.shape
        place = whole.reshape(n, h * w, *channels)[self.images, self.positions]
        place[:] = self.positions_last(values).reshape(place.shape)

    def positions_last(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return (P, m) as (n, p) or (1, n p), and (K, P, m) as (n, p, K) or (1, n p, K)."""
        if values.ndim == 3:
            values = np.moveaxis(values, 0, -1)
        return values if self.shared else values.swapaxes(0, 1)

    def constant(self) -> Any:
        """Return ``d/2 log 2 pi``, d counting known dimensions: a number or (P, m)."""
        dtype = self.mixture.matrix.dtype
        if self.known is None:
            return dtype.type(HALF_LOG_2PI * self.mixture.matrix.shape[1] / 2)
        return (HALF_LOG_2PI * self.known.sum(axis=-1)).astype(dtype)

    def scores(self) -> NDArray[Any]:
        """Return scores without the constant, (K, P, m)."""
        mixture = self.mixture
        scores = _products(self.terms, mixture.matrix)
        if self.known is None:
            scores += mixture.bias.T[:, :, None]
        else:
            scores += _products((self.known,), mixture.dimension_bias)
            scores += mixture.log_weights.T[:, :, None]
        return scores


def blocks(source: SignalBlocks, mixture: MixtureParameters) -> Iterator[Block]:
    """Yield a batch in blocks."""
    n, h, w, d = source.shape
    sets, components = mixture.bias.shape
    item = mixture.matrix.dtype.itemsize
    row = (2 * d + 3 * components) * item
    if sets == 1:
        for images in _slices(n, CACHE_BYTES // (h * w * row)):
            signal = source.block(images.start, images.stop)
            yield _block(signal, mixture, images, slice(0, h * w))
        return
    for images in _slices(n, IMAGE_BYTES // (h * w * d * item)):
        signal = source.block(images.start, images.stop)
        at_once = CACHE_BYTES_PER_POSITION // ((images.stop - images.start) * row)
        for positions in _slices(h * w, at_once):
            yield _block(signal, mixture.of_sets(positions), images, positions)


def _slices(length: int, at_once: int) -> Iterator[slice]:
    at_once = max(1, at_once)
    for start in range(0, length, at_once):
        yield slice(start, min(length, start + at_once))


def _block(
    signal: Signal, mixture: MixtureParameters, images: slice, positions: slice
) -> Block:
    n, h, w, d = signal.shape
    dtype = mixture.matrix.dtype
    shared = len(mixture.matrix) == 1
    values = signal.values.reshape(n, h * w, d)[:, positions].astype(dtype, copy=False)
    if mixture.offset:
        values = values - dtype.type(mixture.offset)
    mask = known = None
    if signal.known is not None:
        mask = np.broadcast_to(signal.known, signal.shape).reshape(n, h * w, d)[:, positions]
        values = np.where(mask, values, 0).astype(dtype, copy=False)
        known = _rows(mask.astype(dtype), shared=shared)
    if shared:
        x = _rows(values, shared=True)
        return Block(images, positions, mixture, (x, x * x), mask, known)
    # Side by side: the products of single positions are so small that one must do for both.
    both = np.empty((*values.shape[:2], 2 * d), dtype)
    both[..., :d] = values
    np.multiply(both[..., :d], both[..., :d], out=both[..., d:])
    return Block(images, positions, mixture, (_rows(both, shared=False),), mask, known)


def _rows(values: NDArray[Any], *, shared: bool) -> NDArray[Any]:
    """Return (n, p, D) as (P, m, D)."""
    n, positions, dimensions = values.shape
    return values.reshape(1, n * positions, dimensions) if shared else values.swapaxes(0, 1)


def _products(terms: tuple[NDArray[Any], ...], matrix: NDArray[Any]) -> NDArray[Any]:
    """Return the sum over terms (P, m, D) times their part of (P, sum of D, K), as (K, P, m)."""
    rows = terms[0]
    dimensions_last = rows.shape[-1] > 1 and rows.strides[-1] > rows.strides[-2]
    total: Any = None
    first = 0
    for rows in terms:
        part = matrix[:, first : first + rows.shape[-1]]
        first += rows.shape[-1]
        product = (
            part.swapaxes(1, 2) @ rows.swapaxes(1, 2)  # (P, K, m)
            if dimensions_last
            else rows @ part  # (P, m, K)
        )
        if total is None:
            total = product
        else:
            total += product
    return np.ascontiguousarray(total.swapaxes(0, 1) if dimensions_last else np.moveaxis(total, -1, 0))
