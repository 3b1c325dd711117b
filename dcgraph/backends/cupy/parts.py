"""Sums that several blocks have made a part of each."""

from __future__ import annotations

import numpy as np

from dcgraph.backends.cupy.device import Device, integers, type_name
from dcgraph.backends.cupy.sources import SLICES, instance
from dcgraph.signal import Array

THREADS = 512  # of a block, as in sums.cu
BLOCKS_MAX = 2**16


def added(device: Device, parts: Array) -> Array:
    """Return the sum over the first axis, in an order that depends on its length alone."""
    if len(parts) == 1:
        return parts[0]
    out = device.xp.empty(parts.shape[1:], parts.dtype)
    if out.size:
        slices = max(each for each in map(int, SLICES) if each <= len(parts))
        device.kernel("sums", instance("add_parts", type_name(out), str(slices)))(
            (min(BLOCKS_MAX, -(-out.size * slices // THREADS)),),
            (THREADS,),
            (parts, out, *integers(len(parts)), np.int64(out.size)),
        )
    return out
