"""Where the rows of a mixture lie in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dcgraph.backends.contract import Pair
from dcgraph.backends.cupy.device import contiguous, integers
from dcgraph.backends.cupy.fold import fold
from dcgraph.signal import Array, Signal


@dataclass(frozen=True, slots=True)
class Rows:
    """What each position of a batch sees: its channels, or a patch of an image around it.

    Attributes
    ----------
    values : array
        Dense.
    known : boolean array of the same shape, or None
    positions : (n, h, w)
    depth : int
        d.
    layout : list of NumPy scalars
        The parameters of `Rows` in rows.cu.
    patches : (kernel, stride) or None
        How rows are read from an image.
    """

    values: Array
    known: Array | None
    positions: tuple[int, int, int]
    depth: int
    layout: list[Any]
    patches: tuple[Pair, Pair] | None = None

    @classmethod
    def of_signal(cls, xp: Any, signal: Signal, dtype: Any) -> Rows:
        """Return the rows of a signal: the channels of its positions."""
        n, h, w, d = signal.shape
        layout = _layout((h, w), h * w * d, (w * d, d), d, d)
        return cls(*_dense(xp, signal, dtype), (n, h, w), d, layout)

    @classmethod
    def of_patches(cls, xp: Any, signal: Signal, kernel: Pair, stride: Pair, dtype: Any) -> Rows:
        """Return the rows that folding the signal would give."""
        n, h, w, c = signal.shape
        size = 1 + (h - kernel[0]) // stride[0], 1 + (w - kernel[1]) // stride[1]
        along = stride[0] * w * c, stride[1] * c
        layout = _layout(size, h * w * c, along, kernel[1] * c, w * c)
        depth = kernel[0] * kernel[1] * c
        return cls(*_dense(xp, signal, dtype), (n, *size), depth, layout, (kernel, stride))

    @property
    def count(self) -> int:
        """How many rows there are."""
        n, h, w = self.positions
        return n * h * w

    @property
    def sample_size(self) -> int:
        """How many elements lie between one sample and the next."""
        return int(self.layout[2])

    def written(self, device: Any) -> tuple[Array, Array | None]:
        """Return values and mask as arrays of shape (n, h, w, d)."""
        if self.patches is None:
            return self.values, self.known
        known = None if self.known is None else fold(device, self.known, *self.patches)
        return fold(device, self.values, *self.patches), known


def _layout(size: Pair, along_n: int, along: Pair, run: int, pitch: int) -> list[Any]:
    return [*integers(*size), np.int64(along_n), *integers(*along, run, pitch)]


def _dense(xp: Any, signal: Signal, dtype: Any) -> tuple[Array, Array | None]:
    values = signal.values.astype(dtype, copy=False)
    values = contiguous(xp, values, signal.shape, dtype)
    known = signal.known
    return values, None if known is None else contiguous(xp, known, signal.shape, bool)
