"""Mixtures of few components above rows of few dimensions, without scores in memory."""

from __future__ import annotations

from dcgraph.backends.contract import MixtureParameters
from dcgraph.backends.cupy.device import NULL, Device, integers, type_name
from dcgraph.backends.cupy.posterior import LOOPING, WANTED, Wanted, pointers, settling_block
from dcgraph.backends.cupy.rows import Rows
from dcgraph.backends.cupy.sources import DEPTHS, instance
from dcgraph.signal import Array

COMPONENTS_MAX = 64


def narrow(
    device: Device,
    rows: Rows,
    mixture: MixtureParameters,
    smoothing: Array | None,
    wanted: Wanted,
) -> bool:
    """Fill in what is wanted of the rows, for hard assignments; return whether they are narrow.

    Whether they are depends on shapes alone: of one parameter set, without a mask, of at most
    `COMPONENTS_MAX` components and as many dimensions as the last of `DEPTHS`.
    """
    sets, components = mixture.bias.shape
    dtype = mixture.matrix.dtype
    fitting = [depth for depth in DEPTHS if int(depth) >= rows.depth]
    if sets > 1 or rows.known is not None or components > COMPONENTS_MAX or not fitting:
        return False
    xp = device.xp
    per_thread = 8 // dtype.itemsize
    threads, shared = settling_block(
        components, dtype, smoothing, depth=int(fitting[0]), rows=per_thread
    )
    if not threads:
        return False
    if not rows.count:
        return True
    device.kernel("narrow", instance("mixture_narrow", type_name(rows.values), fitting[0]))(
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
