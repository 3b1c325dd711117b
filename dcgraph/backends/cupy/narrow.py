"""Mixtures of few components above rows of few dimensions, without scores in memory."""

from __future__ import annotations

import numpy as np

from dcgraph.backends.contract import MixtureParameters
from dcgraph.backends.cupy.device import NULL, Device, integers
from dcgraph.backends.cupy.posterior import (
    WANTED,
    Wanted,
    pointers,
    settling_block,
    whole_vectors,
)
from dcgraph.backends.cupy.rows import Rows
from dcgraph.backends.cupy.sources import NARROW, instance
from dcgraph.signal import Array

COMPONENTS_MAX = 49
LOOPING = 8192  # blocks, at most: they go on to other rows
TWO_ROWS = 25  # components, at most, for which a thread has two rows, as in narrow.cu


def narrow(
    device: Device,
    rows: Rows,
    mixture: MixtureParameters,
    smoothing: Array | None,
    wanted: Wanted,
) -> bool:
    """Fill in what is wanted of the rows, for hard assignments; return whether they are narrow.

    Whether they are depends on shapes alone: in float32, of one parameter set, without a mask, of
    at most `COMPONENTS_MAX` components and as small as one of `NARROW`.
    """
    sets, components = mixture.bias.shape
    dtype = mixture.matrix.dtype
    if dtype != np.float32 or sets > 1 or rows.known is not None or components > COMPONENTS_MAX:
        return False
    fitting = [most for most in NARROW if rows.depth <= int(most[0]) and components <= int(most[1])]
    if not fitting:
        return False
    depth, most = map(int, fitting[0])
    per_thread = 2 if most <= TWO_ROWS else 1
    lines = most * whole_vectors(2 * depth + 1, dtype)
    threads, shared = settling_block(components, dtype, smoothing, rows=per_thread, others=lines)
    if not threads:
        return False
    if not rows.count:
        return True
    xp = device.xp
    device.kernel("narrow", instance("mixture_narrow", "float", *fitting[0]))(
        (min(-(-rows.count // (threads * per_thread)), LOOPING),),
        (threads,),
        (
            rows.values,
            xp.asarray(mixture.offset, dtype),
            xp.ascontiguousarray(mixture.matrix.swapaxes(1, 2)),
            xp.ascontiguousarray(mixture.bias),
            NULL
            if smoothing is None
            else xp.ascontiguousarray(smoothing.astype(dtype, copy=False)),
            *pointers(*(wanted.get(name) for name in WANTED[:-1])),
            *integers(rows.count, components, rows.depth),
            *rows.layout,
        ),
        shared_mem=shared,
    )
    return True
