"""Pieces of a batch that fit the processor's cache, as rows for a mixture's products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.contract import MixtureParameters
from dcgraph.backends.numpy.scratch import Scratch
from dcgraph.signal import Signal, SignalBlocks

HALF_LOG_2PI = 0.5 * log(2 * pi)
# Of a block's rows, squares, scores and assignments.
CACHE_BYTES = 2**21
# Where every position has parameters of its own: of the images those meet while they are in the
# cache.
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
    shared : bool
        Whether all positions of the batch share one set.
    x, square : array of shape (P, m, d)
        Input about the offset, 0 where it is unknown; and its square.
    known : array of shape (P, m, d), or None
        1 where the input is known, 0 where it is not; None: everything is.
    scratch : Scratch
        Holds what lives as long as the block.
    """

    images: slice
    positions: slice
    mixture: MixtureParameters
    shared: bool
    x: NDArray[Any]
    square: NDArray[Any]
    known: NDArray[Any] | None
    scratch: Scratch

    @property
    def first(self) -> bool:
        """Whether its parameter sets have seen no row of the batch before."""
        return self.images.start == 0 and (not self.shared or self.positions.start == 0)

    def put(self, whole: NDArray[Any], values: NDArray[Any]) -> None:
        """Write values of shape (P, m) or (K, P, m) to their place in (n, h, w) or (n, h, w, K)."""
        n, h, w, *channels = whole.shape
        place = whole.reshape(n, h * w, *channels)[self.images, self.positions]
        if channels:
            values = np.moveaxis(values, 0, -1)
        place[:] = (values if self.shared else values.swapaxes(0, 1)).reshape(place.shape)

    def constant(self) -> Any:
        """Return ``d/2 log 2 pi``, d counting known dimensions: a number or (P, m)."""
        dtype = self.x.dtype
        if self.known is None:
            return dtype.type(HALF_LOG_2PI * self.x.shape[-1])
        return (HALF_LOG_2PI * self.known.sum(axis=-1)).astype(dtype)

    def scores(self) -> NDArray[Any]:
        """Return scores without the constant, (K, P, m), in scratch memory."""
        mixture, d = self.mixture, self.x.shape[-1]
        terms = [(self.x, mixture.matrix[:, :d]), (self.square, mixture.matrix[:, d:])]
        bias = mixture.bias
        if self.known is not None:
            terms.append((self.known, mixture.dimension_bias))
            bias = mixture.log_weights
        scores = self._products(terms)
        scores += bias.T[:, :, None]
        return scores

    def _products(self, terms: list[tuple[NDArray[Any], NDArray[Any]]]) -> NDArray[Any]:
        """Return the sum of rows (P, m, d) times matrix (P, d, K) over the terms, as (K, P, m)."""
        sets, m, _ = self.x.shape
        components = self.mixture.bias.shape[1]
        across = _dimensions_first(self.x)
        shape = (sets, components, m) if across else (sets, m, components)
        total = self._array("product", shape)
        product = total
        for rows, matrix in terms:
            if across:
                np.matmul(matrix.swapaxes(1, 2), rows.swapaxes(1, 2), out=product)
            elif self.shared:
                np.matmul(rows, matrix, out=product)
            else:  # products of few rows are faster with a matrix in this order
                ordered = self._array("matrix", matrix.shape)
                ordered[:] = matrix
                np.matmul(rows, ordered, out=product)
            if product is not total:
                total += product
            product = self._array("another product", shape)
        if across:
            return total.reshape(components, sets, m)
        scores = self._array("scores", (components, sets, m))
        scores[:] = np.moveaxis(total, -1, 0)
        return scores

    def _array(self, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        return self.scratch.array(name, shape, self.x.dtype)


def blocks(source: SignalBlocks, mixture: MixtureParameters, scratch: Scratch) -> Iterator[Block]:
    """Yield a batch in blocks; one is over when the next is asked for."""
    n, h, w, d = source.shape
    sets, components = mixture.bias.shape
    item = mixture.matrix.dtype.itemsize
    row = (2 * d + 3 * components) * item
    shared = sets == 1
    at_once = CACHE_BYTES // row if shared else IMAGE_BYTES // (d * item)
    for images in _slices(n, at_once // (h * w)):
        signal = source.block(images.start, images.stop)
        for positions in _slices(h * w, CACHE_BYTES // row // (images.stop - images.start)):
            chosen = mixture if shared else mixture.of_sets(positions)
            yield _block(signal, chosen, images, positions, scratch, shared=shared)


def _slices(length: int, at_once: int) -> Iterator[slice]:
    at_once = max(1, at_once)
    for start in range(0, length, at_once):
        yield slice(start, min(length, start + at_once))


def _block(
    signal: Signal,
    mixture: MixtureParameters,
    images: slice,
    positions: slice,
    scratch: Scratch,
    *,
    shared: bool,
) -> Block:
    n, h, w, d = signal.shape
    dtype = mixture.matrix.dtype
    values = signal.values.reshape(n, h * w, d)[:, positions].astype(dtype, copy=False)
    if mixture.offset:
        values = values - dtype.type(mixture.offset)
    known = None
    if signal.known is not None:
        mask = np.broadcast_to(signal.known, signal.shape).reshape(n, h * w, d)[:, positions]
        values = np.where(mask, values, 0).astype(dtype, copy=False)
        known = _rows(mask.astype(dtype, order="C"), shared=shared)
    if not shared:
        rows = scratch.array("x", values.shape, dtype)
        rows[:] = values
        values = rows
    x = _rows(values, shared=shared)
    if _dimensions_first(x):
        square = scratch.array("square", x.shape[::-1], dtype).T
    else:
        square = _rows(scratch.array("square", values.shape, dtype), shared=shared)
    np.multiply(x, x, out=square)
    return Block(images, positions, mixture, shared, x, square, known, scratch)


def _rows(values: NDArray[Any], *, shared: bool) -> NDArray[Any]:
    """Return (n, p, d) as (P, m, d)."""
    n, positions, dimensions = values.shape
    return values.reshape(1, n * positions, dimensions) if shared else values.swapaxes(0, 1)


def _dimensions_first(rows: NDArray[Any]) -> bool:
    """Return whether dimensions are the outermost axis in memory, as short patches have them.

    Rows of one parameter set alone are ever laid out so.
    """
    return rows.shape[-1] > 1 and rows.strides[-1] > rows.strides[-2]
