"""Sufficient statistics of a mixture, which grow block by block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.contract import MixtureParameters
from dcgraph.backends.numpy.blocks import Block

# From so many columns on, adding up rows by their winner is faster than a matrix product.
SEGMENTS_FROM = 48


@dataclass
class Sums:
    """Raw sums over the rows of all blocks added so far.

    Attributes
    ----------
    s0 : array of shape (P, K)
    s1, s2 : array of shape (P, K, d)
    rows : float
        How many rows were added, those that know nothing left out.
    """

    s0: NDArray[Any]
    s1: NDArray[Any]
    s2: NDArray[Any]
    rows: float = 0.0

    @classmethod
    def to_be(cls, mixture: MixtureParameters, *, blocks: bool) -> Sums:
        """Return sums that the first block of each parameter set is going to fill.

        Parameters
        ----------
        blocks : bool
            Whether there is any block; sums of none are 0.
        """
        sets, terms, components = mixture.matrix.shape
        dtype = mixture.matrix.dtype
        allocate = np.empty if blocks else np.zeros
        rows, sums = (sets, components), (sets, components, terms // 2)
        return cls(allocate(rows, dtype), allocate(sums, dtype), allocate(sums, dtype))

    def add(self, block: Block, assignment: NDArray[Any], *, hard: bool) -> None:
        """Add the sums over a block's rows; unknown dimensions count as expected.

        What a component expects of a dimension it cannot see are its mean and second moment: the
        exact E-step for missing values under a diagonal Gaussian. A row that knows nothing counts
        for nothing.

        Parameters
        ----------
        assignment : array of shape (K, P, m)
        hard : bool
            Each row has one component.
        """
        seeing: Any = None
        if block.known is not None:
            seeing = block.known.any(axis=-1)
            assignment = assignment * seeing
        components, _, m = assignment.shape
        self.rows += assignment[0].size if seeing is None else float(seeing.sum())
        s0 = (assignment.reshape(-1, m) @ np.ones(m, assignment.dtype)).reshape(components, -1).T
        total = self._totals(block, assignment, seeing, hard=hard)
        s1, s2 = total(block.x), total(block.square)
        if block.known is not None:
            means = block.mixture.centred_means.swapaxes(1, 2)
            unseen = s0[..., None] - total(block.known)
            s1 += unseen * means
            s2 += unseen * (means**2 + block.mixture.variances.swapaxes(1, 2))
        sets = slice(None) if block.shared else block.positions
        for sums, part in ((self.s0, s0), (self.s1, s1), (self.s2, s2)):
            if block.first:
                sums[sets] = part
            else:
                sums[sets] += part

    def _totals(
        self, block: Block, assignment: NDArray[Any], seeing: NDArray[Any] | None, *, hard: bool
    ) -> Callable[[NDArray[Any]], NDArray[Any]]:
        """Return a function from rows (P, m, D) to their sums by component, (P, K, D)."""
        rows = block.x.swapaxes(0, 1)
        if hard and rows.shape[-1] >= SEGMENTS_FROM and rows.flags.c_contiguous:
            components, sets, m = assignment.shape
            size = sets, components, m, assignment.dtype
            segments: _Segments = block.scratch.tool(size, lambda: _Segments.of(*size))
            return segments.choose(assignment, seeing)
        by_set = assignment.swapaxes(0, 1)  # (P, K, m)
        return lambda rows: by_set @ rows


@dataclass(frozen=True)
class _Segments:
    """Sums of rows by their winner, as products with a sparse matrix.

    It has one entry in each column, so that every element of a row is added once; a product with
    the one-hot assignments takes K multiplications.

    Attributes
    ----------
    matrix : scipy.sparse.csc_array of shape (P K, m P)
        Made once; blocks of one size differ in where its entries stand, and in their values where
        rows know nothing.
    numbers : array of shape (K,)
        0, 1, ... K - 1.
    """

    matrix: Any
    sets: int
    numbers: NDArray[Any]

    @classmethod
    def of(cls, sets: int, components: int, m: int, dtype: Any) -> _Segments:
        from scipy.sparse import csc_array  # slow to import, and only training needs it

        columns = m * sets
        entries = np.ones(columns, dtype)
        places = np.zeros(columns, np.int32), np.arange(columns + 1, dtype=np.int32)
        matrix = csc_array((entries, *places), shape=(sets * components, columns))
        return cls(matrix, sets, np.arange(components, dtype=dtype))

    def choose(
        self, assignment: NDArray[Any], seeing: NDArray[Any] | None
    ) -> Callable[[NDArray[Any]], NDArray[Any]]:
        """Take over one-hot assignments (K, P, m); return the function to their sums."""
        components = len(self.numbers)
        winners = self.numbers @ assignment.reshape(components, -1)
        places = self.matrix.indices.reshape(-1, self.sets)  # (m, P)
        places[:] = winners.reshape(self.sets, -1).T
        places += components * np.arange(self.sets, dtype=places.dtype)
        self.matrix.data[:] = 1 if seeing is None else seeing.T.ravel()
        return self._total

    def _total(self, rows: NDArray[Any]) -> NDArray[Any]:
        flat = rows.swapaxes(0, 1).reshape(-1, rows.shape[-1])  # (m P, D)
        sums: NDArray[Any] = self.matrix @ flat
        return sums.reshape(self.sets, -1, rows.shape[-1])
