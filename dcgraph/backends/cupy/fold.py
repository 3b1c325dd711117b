"""Folding and its two ways back; see `dcgraph.backends.numpy.fold`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dcgraph.backends.contract import Pair
from dcgraph.backends.cupy.device import NULL, Device, contiguous, integers, over_samples
from dcgraph.signal import Array, Shape


def fold(device: Device, x: Array, kernel: Pair, stride: Pair) -> Array:
    """Return patches laid into channels, shape (n, h', w', fh*fw*c)."""
    xp = device.xp
    n, h, w, c = x.shape
    if kernel == (1, 1) and stride == (1, 1):
        return x
    x = contiguous(xp, x, x.shape, x.dtype)
    if kernel == (h, w):
        return x.reshape(n, 1, 1, h * w * c)
    size = 1 + (h - kernel[0]) // stride[0], 1 + (w - kernel[1]) // stride[1]
    out = xp.empty((n, *size, kernel[0] * kernel[1] * c), x.dtype)
    over_samples(
        device,
        "fold",
        "fold",
        x,
        [x, out, *integers(n, h, w, c, *size, *kernel, *stride)],
        elements=size[0] * size[1] * out.shape[3],
        samples=n,
    )
    return out


def fold_adjoint(device: Device, patches: Array, shape: Shape, kernel: Pair, stride: Pair) -> Array:
    """Return the sum of the patch entries read from each position, (n, h, w, c)."""
    xp = device.xp
    n, *size, _ = patches.shape
    patches = contiguous(xp, patches, (n, *size, kernel[0] * kernel[1] * shape[2]), patches.dtype)
    out = xp.empty((n, *shape), patches.dtype)
    over_samples(
        device,
        "fold",
        "fold_adjoint",
        patches,
        [patches, out, *integers(n, *shape, *size, *kernel, *stride)],
        elements=int(np.prod(shape)),
        samples=n,
    )
    return out


def fold_mean(
    device: Device,
    patches: Array,
    known: Array | None,
    shape: Shape,
    kernel: Pair,
    stride: Pair,
) -> tuple[Array, Array | None]:
    """Return the mean of the known patch entries read from each position, and where there are any.

    Where patches have a mask, so has the result: that no position is without a value is known on
    the device alone.
    """
    xp = device.xp
    n, *size, _ = patches.shape
    patches = contiguous(xp, patches, (n, *size, kernel[0] * kernel[1] * shape[2]), patches.dtype)
    out = xp.empty((n, *shape), patches.dtype)
    if known is None:
        covered = covered_positions(xp, shape, kernel, stride, (size[0], size[1]))
    else:
        known = contiguous(xp, known, patches.shape, bool)
        covered = xp.empty(out.shape, bool)
    masks = [NULL, NULL] if known is None else [known, covered]
    over_samples(
        device,
        "fold",
        "fold_mean",
        patches,
        [patches, masks[0], out, masks[1], *integers(n, *shape, *size, *kernel, *stride)],
        elements=int(np.prod(shape)),
        samples=n,
    )
    return out, covered


def covered_positions(
    xp: Any, shape: Shape, kernel: Pair, stride: Pair, size: Pair
) -> Array | None:
    """Return which positions lie in a window, (1, h, w, 1); None where all do."""
    lines = []
    for length, f, s, number in zip(shape, kernel, stride, size, strict=False):
        at = np.arange(length)
        # The last window that starts at or before a position, were there no end to windows.
        last = np.minimum(at // s, number - 1)
        lines.append(at - last * s < f)
    covered = lines[0][:, None] & lines[1]
    return None if covered.all() else xp.asarray(covered.reshape(1, *covered.shape, 1))
