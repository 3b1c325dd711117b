"""What follows from scores: posteriors, winners and losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dcgraph.backends.cupy.device import (
    NULL,
    SHARED_BYTES,
    Device,
    integers,
    over_samples,
    type_name,
)
from dcgraph.backends.cupy.rows import Rows
from dcgraph.backends.cupy.sources import instance
from dcgraph.errors import BackendError
from dcgraph.signal import Array

WARP, WARPS = 32, 4
PRODUCT_FROM = 128
"""From so many components on, smoothing is a product of its own."""
SETTLE_FROM = 2**15
"""From so many rows on, a thread has each of them, and not a warp."""
THREADS = (128, 64, 32)  # of a block whose threads have rows
LOOPING = 2048  # such blocks, at most: they go on to other rows
BLOCKS_MAX = 2**31 - 1
WANTED = ("output", "log_likelihood", "max_component", "loss", "winner", "assignment")
SMOOTHED = ("loss", "winner", "assignment")

Wanted = Mapping[str, Array | None]
"""Arrays to fill, by the names of `WANTED`."""


def refuse_too_many(components: int, dtype: Any) -> None:
    """Raise `BackendError` where the scores of a row do not fit into a block's shared memory."""
    most: int = SHARED_BYTES // (2 * dtype.itemsize)
    if components > most:
        message = (
            f"the cupy backend takes at most {most} components in {dtype}, received {components}"
        )
        raise BackendError(message)


def dimensions_known(device: Device, rows: Rows) -> Array:
    """Return how many dimensions of each row are known, (rows,)."""
    out = device.xp.empty((rows.count,), np.int32)
    over_samples(
        device,
        "posterior",
        "mixture_known",
        None,
        [rows.known, out, *integers(rows.count, rows.depth), *rows.layout],
        elements=rows.count,
        samples=1,
    )
    return out


def posterior(
    device: Device,
    scores: Array,
    smoothing: Array | None,
    known_dimensions: Array | None,
    wanted: Wanted,
    *,
    depth: int,
    soft: bool,
) -> None:
    """Fill in what is wanted of the scores."""
    components = scores.shape[-1]
    rows = scores.size // components
    if not rows:
        return
    if smoothing is not None:
        needed = any(wanted.get(name) is not None for name in SMOOTHED)
        smoothing = smoothing.astype(scores.dtype, copy=False) if needed else None
    threads, shared = settling_block(components, scores.dtype, smoothing)
    if soft or rows < SETTLE_FROM or not threads:
        _by_warps(device, scores, smoothing, known_dimensions, wanted, depth=depth, soft=soft)
        return
    device.kernel("posterior", instance("mixture_settle", type_name(scores)))(
        (min(-(-rows // threads), LOOPING),),
        (threads,),
        (
            scores,
            NULL if smoothing is None else device.xp.ascontiguousarray(smoothing),
            *pointers(known_dimensions, *(wanted.get(name) for name in WANTED[:-1])),
            *integers(rows, components, depth),
        ),
        shared_mem=shared,
    )


def pointers(*arrays: Array | None) -> list[Any]:
    """Return arrays as arguments, null for those there are not."""
    return [NULL if array is None else array for array in arrays]


def settling_block(
    components: int, dtype: Any, smoothing: Array | None, *, rows: int = 1, others: int = 0
) -> tuple[int, int]:
    """Return the threads of a block that have rows, and its shared memory; 0 where none would do.

    Parameters
    ----------
    rows : int
        Rows of a thread.
    others : int
        Numbers that lie in shared memory, too.
    """
    if smoothing is not None:
        others += components * whole_vectors(components, dtype)
    for threads in THREADS:
        shared = (threads * rows * (components | 1) + others) * dtype.itemsize
        if shared <= SHARED_BYTES - 1024:  # what kernels declare themselves
            return threads, shared
    return 0, 0


def whole_vectors(numbers: int, dtype: Any) -> int:
    """Return how many numbers there are when the last vector is full."""
    vector: int = 16 // dtype.itemsize
    return -(-numbers // vector) * vector


def _by_warps(
    device: Device,
    scores: Array,
    smoothing: Array | None,
    known_dimensions: Array | None,
    wanted: Wanted,
    *,
    depth: int,
    soft: bool,
) -> None:
    xp = device.xp
    components = scores.shape[-1]
    rows = scores.size // components
    transposed, smoothed = NULL, NULL
    if smoothing is not None and components < PRODUCT_FROM:
        transposed = xp.ascontiguousarray(smoothing.T)
    elif smoothing is not None:
        smoothed = device.matmul(scores.reshape(-1, components), smoothing.T)
    warps = min(WARPS, SHARED_BYTES // (2 * scores.dtype.itemsize * components))
    device.kernel("posterior", instance("mixture_posterior", type_name(scores)))(
        (min(-(-rows // warps), BLOCKS_MAX),),
        (warps * WARP,),
        (
            scores,
            transposed,
            smoothed,
            *pointers(known_dimensions, *(wanted.get(name) for name in WANTED)),
            *integers(rows, components, depth, int(soft)),
        ),
        shared_mem=warps * 2 * components * scores.dtype.itemsize,
    )
