"""Folding and its two ways back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from dcgraph.backends.contract import Pair
from dcgraph.signal import Shape

# Runs of fewer elements than this are copied faster channel by channel.
SHORT_RUN = 8


def fold(x: NDArray[Any], kernel: Pair, stride: Pair) -> NDArray[Any]:
    """Return patches laid into channels, shape (n, h', w', fh*fw*c).

    Where a row of a patch is short, the result's memory runs over positions first and channels
    last: its shape is the same, and a matrix product takes it as it is.
    """
    n, h, w, c = x.shape
    (fh, fw), (sh, sw) = kernel, stride
    if kernel == (1, 1) and stride == (1, 1):
        return x
    rows, columns = 1 + (h - fh) // sh, 1 + (w - fw) // sw
    x = np.ascontiguousarray(x)
    if kernel == (h, w):
        return x.reshape(n, 1, 1, h * w * c)
    if fw * c >= SHORT_RUN:
        along_n, along_h, along_w, item = x.strides
        patches = as_strided(
            x,
            (n, rows, columns, fh, fw * c),
            (along_n, along_h * sh, along_w * sw, along_h, item),
            writeable=False,
        )
        return patches.reshape(n, rows, columns, fh * fw * c)
    out = np.empty((fh * fw, c, n, rows, columns), x.dtype)
    for index, (y_s, x_s) in enumerate(_cells(kernel, stride, (rows, columns))):
        out[index] = x[:, y_s, x_s].transpose(3, 0, 1, 2)
    return out.reshape(fh * fw * c, n, rows, columns).transpose(1, 2, 3, 0)


def fold_adjoint(patches: NDArray[Any], shape: Shape, kernel: Pair, stride: Pair) -> NDArray[Any]:
    """Return the sum of the patch entries read from each position, (n, h, w, c)."""
    n, rows, columns, _ = patches.shape
    c = shape[2]
    entries = patches.reshape(n, rows, columns, kernel[0] * kernel[1], c)
    out = np.zeros((n, *shape), patches.dtype)
    for index, (y_s, x_s) in enumerate(_cells(kernel, stride, (rows, columns))):
        out[:, y_s, x_s] += entries[:, :, :, index]
    return out


def fold_mean(
    patches: NDArray[Any], known: NDArray[Any] | None, shape: Shape, kernel: Pair, stride: Pair
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return the mean of the known patch entries read from each position, and where there are any.

    The mask is None where every position has a value; values are 0 where none is known.
    """
    if known is None:
        size = patches.shape[1:3]
        ones = np.ones((1, *size, kernel[0] * kernel[1]), patches.dtype)
        count = fold_adjoint(ones, (*shape[:2], 1), kernel, stride)
    else:
        known = np.broadcast_to(known, patches.shape)
        patches = np.where(known, patches, 0).astype(patches.dtype, copy=False)
        count = fold_adjoint(known.astype(patches.dtype), shape, kernel, stride)
    total = fold_adjoint(patches, shape, kernel, stride)
    total /= np.maximum(count, 1)
    covered = count > 0
    return total, None if covered.all() else covered


def _cells(kernel: Pair, stride: Pair, counts: Pair) -> Iterator[tuple[slice, slice]]:
    """Yield, for each cell of the kernel, the input positions that all patches have there."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            yield (
                slice(i, i + (counts[0] - 1) * stride[0] + 1, stride[0]),
                slice(j, j + (counts[1] - 1) * stride[1] + 1, stride[1]),
            )
