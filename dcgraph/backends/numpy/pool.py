"""Max-pooling and its ways back. Windows that stick out see only what exists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.contract import Pair
from dcgraph.signal import Shape

Slices = tuple[slice, slice]


def pool_max(x: NDArray[Any], kernel: Pair, stride: Pair, size: Pair) -> NDArray[Any]:
    """Return the largest value in each window, (n, h', w', c).

    Rows first, then columns: a window of fh x fw takes fh + fw passes.
    """
    for axis in (1, 2):
        x = _largest(x, axis, kernel[axis - 1], stride[axis - 1], size[axis - 1])
    return x


def _largest(x: NDArray[Any], axis: int, kernel: int, stride: int, size: int) -> NDArray[Any]:
    """Return the largest value in windows along one axis."""
    ahead = (slice(None),) * axis
    first, *others = _line(x.shape[axis], kernel, stride, size)
    if not others:
        return x[*ahead, first[0]]
    out: NDArray[Any] = np.empty((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype)
    # windows begin inside the input, so that all of them have a first cell
    before = x[*ahead, first[0]]
    for inside, window in others:
        held = (*ahead, window)
        np.maximum(before[held], x[*ahead, inside], out=out[held])
        if before is not out:
            beyond = (*ahead, slice(window.stop, size))
            out[beyond] = before[beyond]
            before = out
    return out


def pool_spread(
    y: NDArray[Any],
    known: NDArray[np.bool_] | None,
    choice: NDArray[np.int64] | None,
    shape: Shape,
    kernel: Pair,
    stride: Pair,
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return the mean over the windows that put a value at a position, and where one does.

    Parameters
    ----------
    y : array of shape (n, h', w', c)
    known : boolean array that broadcasts to y, or None
    choice : integer array of shape (n, h', w') or None
        A window's value goes to this flat kernel index alone.
    """
    n, *size, _ = y.shape
    total = np.zeros((n, *shape), y.dtype)
    count = np.zeros((n, *shape), y.dtype)
    said = np.ones(y.shape, bool) if known is None else np.broadcast_to(known, y.shape)
    for inside, window in _cells(shape[:2], kernel, stride, (size[0], size[1])):
        here = said[:, *window]
        if choice is not None:
            index = inside[0].start * kernel[1] + inside[1].start
            here = here & (choice[:, *window] == index)[..., None]
        total[:, *inside] += np.where(here, y[:, *window], 0)
        count[:, *inside] += here
    total /= np.maximum(count, 1)
    covered = count > 0
    return total, None if covered.all() else covered


def pool_adjoint(
    x: NDArray[Any], grad: NDArray[Any], kernel: Pair, stride: Pair, size: Pair
) -> NDArray[Any]:
    """Return the gradient at x, given that at the output: each window's goes to its maximum."""
    largest = pool_max(x, kernel, stride, size)
    open_windows = np.ones(largest.shape, bool)
    out = np.zeros(x.shape, grad.dtype)
    for inside, window in _cells(x.shape[1:3], kernel, stride, size):
        winner = (x[:, *inside] == largest[:, *window]) & open_windows[:, *window]
        out[:, *inside] += np.where(winner, grad[:, *window], 0)
        open_windows[:, *window] &= ~winner
    return out


def _cells(
    shape: tuple[int, ...], kernel: Pair, stride: Pair, size: Pair
) -> Iterator[tuple[Slices, Slices]]:
    """Yield, for each kernel cell, the positions windows have there, and the windows that do."""
    rows = list(_line(shape[0], kernel[0], stride[0], size[0]))
    columns = list(_line(shape[1], kernel[1], stride[1], size[1]))
    for y_in, y_window in rows:
        for x_in, x_window in columns:
            yield (y_in, x_in), (y_window, x_window)


def _line(length: int, kernel: int, stride: int, size: int) -> Iterator[Slices]:
    """Yield, for each cell of a window along one axis, where windows have it, and which do."""
    for start in range(kernel):
        held = min(size, 1 + (length - 1 - start) // stride)
        yield slice(start, start + (held - 1) * stride + 1, stride), slice(held)
