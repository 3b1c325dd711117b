"""Max-pooling and its ways back; see `dcgraph.backends.numpy.pool`."""

from __future__ import annotations

import numpy as np

from dcgraph.backends.contract import Pair
from dcgraph.backends.cupy.device import NULL, Device, contiguous, integers, over_samples
from dcgraph.backends.cupy.fold import covered_positions
from dcgraph.signal import Array, Shape

TOGETHER = 4  # samples of a thread at once, as in pool.cu


def pool_max(device: Device, x: Array, kernel: Pair, stride: Pair, size: Pair) -> Array:
    """Return the largest value in each window, (n, h', w', c)."""
    out = device.xp.empty((x.shape[0], *size, x.shape[3]), x.dtype)
    _find_largest(device, x, out, NULL, kernel, stride, size)
    return out


def _find_largest(
    device: Device, x: Array, largest: Array, cell: Array, kernel: Pair, stride: Pair, size: Pair
) -> None:
    """Write the largest value of each window, or which cell of the kernel it is in."""
    n, h, w, c = x.shape
    x = contiguous(device.xp, x, x.shape, x.dtype)
    over_samples(
        device,
        "pool",
        "pool_max",
        x,
        [x, largest, cell, *integers(n, h, w, c, *size, *kernel, *stride)],
        elements=size[0] * size[1] * c,
        samples=-(-n // TOGETHER),
    )


def pool_spread(
    device: Device,
    y: Array,
    known: Array | None,
    choice: Array | None,
    shape: Shape,
    kernel: Pair,
    stride: Pair,
) -> tuple[Array, Array | None]:
    """Return the mean over the windows that put a value at a position, and where one does.

    With a mask or a choice there is a mask in the result, too, though it may be true everywhere.
    """
    xp = device.xp
    n, *size, _ = y.shape
    y = contiguous(xp, y, y.shape, y.dtype)
    out = xp.empty((n, *shape), y.dtype)
    said, chosen, target = NULL, NULL, NULL
    if known is None and choice is None:
        covered = covered_positions(xp, shape, kernel, stride, (size[0], size[1]))
    else:
        covered = target = xp.empty(out.shape, bool)
    if known is not None:
        said = contiguous(xp, known, y.shape, bool)
    if choice is not None:
        chosen = contiguous(xp, choice, (n, *size), np.int64)
    over_samples(
        device,
        "pool",
        "pool_spread",
        y,
        [y, said, chosen, out, target, *integers(n, *shape, *size, *kernel, *stride)],
        elements=int(np.prod(shape)),
        samples=n,
    )
    return out, covered


def pool_adjoint(
    device: Device, x: Array, grad: Array, kernel: Pair, stride: Pair, size: Pair
) -> Array:
    """Return the gradient at x, given that at the output: each window's goes to its maximum."""
    xp = device.xp
    n, h, w, c = x.shape
    grad = contiguous(xp, grad, (n, *size, c), grad.dtype)
    cell = xp.empty(grad.shape, np.int32)
    _find_largest(device, x, NULL, cell, kernel, stride, size)
    out = xp.empty(x.shape, grad.dtype)
    over_samples(
        device,
        "pool",
        "pool_adjoint",
        grad,
        [grad, cell, out, *integers(n, h, w, c, *size, *kernel, *stride)],
        elements=h * w * c,
        samples=n,
    )
    return out
