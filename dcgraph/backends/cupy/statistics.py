"""Sufficient statistics of a batch: sums over the rows of each component."""

from __future__ import annotations

from typing import Any

from dcgraph.backends.contract import MixtureParameters
from dcgraph.backends.cupy.device import (
    GRID_MAX,
    NULL,
    SHARED_BYTES,
    Device,
    integers,
    type_name,
)
from dcgraph.backends.cupy.parts import added
from dcgraph.backends.cupy.rows import Rows
from dcgraph.backends.cupy.sources import instance
from dcgraph.signal import Array

WARP = 32
THREADS = 128  # of a block, at most,
EACH = 8  # each of which sorts so many rows at once, as in sums.cu
BLOCKS = 4096  # that rows are divided among, at most,
CHUNK_ROWS = 256  # each of so many rows, at least,
CHUNK_ROWS_EACH = 4  # and of so many for each component: sums are fewer numbers than rows
PARTIALS = 2**22  # numbers in the sums of all chunks, at most

Sums = tuple[Array, Array, Array, Array | None]
"""S0 (P, K), S1, S2 and the sums of what is known, (P, K, d); the last only where there is a mask.
"""


def segments(device: Device, rows: Rows, winner: Array, mixture: MixtureParameters) -> Sums | None:
    """Return sums over the rows that each component has won; None where it has too many components.

    How rows are divided among blocks depends on shapes alone, so that every device adds up the
    same numbers in the same order.

    Parameters
    ----------
    winner : int32 array of shape (n, h, w)
        -1 where a row counts for nothing.
    """
    xp = device.xp
    sets, components = mixture.bias.shape
    dtype = mixture.matrix.dtype
    masked = rows.known is not None
    arrays = 3 if masked else 2
    depth = rows.depth
    tile = _tile(depth)
    threads, shared = _threads(components, tile, dtype.itemsize, masked=masked)
    if not threads:
        return None
    plane = sets * components * depth
    size = arrays * plane + sets * components
    per_set = rows.count // sets
    tiles = -(-depth // tile)
    chunks = max(1, min(BLOCKS // (tiles * sets), PARTIALS // size))
    chunk_rows = max(CHUNK_ROWS, CHUNK_ROWS_EACH * components, -(-per_set // chunks))
    if chunk_rows > threads * EACH:  # whole batches
        chunk_rows += -chunk_rows % (threads * EACH)
    chunks = -(-per_set // chunk_rows)
    if not chunks:
        sums = xp.zeros((size,), dtype)
    else:
        partial = xp.empty((chunks, size), dtype)
        launch = device.kernel(
            "sums",
            instance("mixture_sums", type_name(partial), "true" if masked else "false"),
        )
        launch(
            (tiles, chunks, min(sets, GRID_MAX)),
            (threads,),
            (
                rows.values,
                rows.known if masked else NULL,
                xp.asarray(mixture.offset, dtype),
                winner,
                partial,
                *integers(per_set, sets, components, depth, tile, chunk_rows),
                *rows.layout,
            ),
            shared_mem=shared,
        )
        sums = added(device, partial)
    planes = sums[: arrays * plane].reshape(arrays, sets, components, depth)
    s0 = sums[arrays * plane :].reshape(sets, components)
    return s0, planes[0], planes[1], planes[2] if masked else None


def _tile(depth: int) -> int:
    """Return how many dimensions a group of threads has: about as many in every block."""
    even = -(-depth // -(-depth // WARP))
    return WARP if even > 3 * WARP // 4 else even  # whole warps, but for a few idle threads


def _threads(components: int, tile: int, itemsize: int, *, masked: bool) -> tuple[int, int]:
    """Return the threads of a block, and the bytes that they need; 0 where none would do."""
    arrays = 3 if masked else 2
    for threads in range(THREADS, 0, -WARP):
        numbers = arrays * (components * tile + threads) + components
        shared = numbers * itemsize + threads * (EACH * 8 + components * 2)
        if shared <= SHARED_BYTES - 1024:  # what the kernel declares itself
            return threads, shared
    return 0, 0


def products(device: Device, rows: Rows, assignment: Array, mixture: MixtureParameters) -> Sums:
    """Return sums over all rows, weighted by the assignment of each, as matrix products.

    Parameters
    ----------
    assignment : array of shape (n, h, w, K)
    """
    xp = device.xp
    sets = mixture.bias.shape[0]
    values, known = rows.written(device)
    values = values - xp.asarray(mixture.offset, values.dtype)
    if known is not None:
        values = values * known
    weights = _by_set(assignment, sets).swapaxes(1, 2)  # (P, K, m)
    x = _by_set(values, sets)
    product, seen = device.matmul, None
    if known is not None:
        seen = product(weights, _by_set(known.astype(values.dtype), sets))
    return weights.sum(axis=2), product(weights, x), product(weights, x * x), seen


def _by_set(array: Array, sets: int) -> Array:
    """Return (n, h, w, D) as (P, m, D)."""
    n, h, w, depth = array.shape
    if sets == 1:
        return array.reshape(1, n * h * w, depth)
    return array.reshape(n, h * w, depth).swapaxes(0, 1)


def add_unseen(s0: Array, s1: Array, s2: Array, s_known: Array, mixture: MixtureParameters) -> None:
    """Add what components expect of dimensions they could not see: mean and second moment."""
    means: Any = mixture.centred_means.swapaxes(1, 2)
    unseen = s0[..., None] - s_known
    s1 += unseen * means
    s2 += unseen * (means**2 + mixture.variances.swapaxes(1, 2))
