"""What an update makes of a mixture's parameters, without a wait for the device."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np

from dcgraph.backends.cupy.device import NULL, Device, integers, type_name
from dcgraph.backends.cupy.sources import instance
from dcgraph.signal import Array

WARP, THREADS = 32, 256  # as in update.cu
BLOCKS_MAX = 2**16
SLICE = 512  # dimensions of a component that a block learns, at most
TOGETHER = 3  # arrays that one launch averages


def mixture_pack(device: Device, params: Mapping[str, Array]) -> tuple[Array, Array, Array]:
    """Return what `layers.gmm.density.PackedMixture` holds: matrix, bias and log-weights.

    The matrix is of shape (P, K, 2 d).
    """
    xp = device.xp
    means = xp.ascontiguousarray(params["means"])
    sets, components, d = means.shape
    matrix = xp.empty((sets, components, 2 * d), means.dtype)
    bias = xp.empty((sets, components), means.dtype)
    log_weights = xp.empty((sets, components), means.dtype)
    device.kernel("update", instance("mixture_pack", type_name(means)))(
        (min(BLOCKS_MAX, sets * components),),
        (_threads(d),),
        (
            means,
            xp.ascontiguousarray(params["precision_sqrt"]),
            xp.ascontiguousarray(params["weight_logits"]),
            params["offset"],
            matrix,
            bias,
            log_weights,
            *integers(sets, components, d),
        ),
    )
    return matrix, bias, log_weights


def mixture_maximize(
    device: Device,
    sums: tuple[Array, Array, Array],
    params: Mapping[str, Array],
    *,
    weight_min: float,
    variance_min: float,
    bounds: tuple[float, float] = (0.0, np.inf),
) -> dict[str, Array]:
    """Return means, precision roots and logits: those that maximise the objective for fixed sums.

    Parameters
    ----------
    sums : arrays of shape (P, K), (P, K, d) and (P, K, d)
        Smoothed, and divided by the number of rows.
    weight_min, variance_min : float
        A component of less weight keeps its mean and precision; a variance is no less.
    bounds : (float, float)
        No precision root is outside, whether learned or kept.
    """
    xp = device.xp
    means = xp.ascontiguousarray(params["means"])
    sets, components, d = means.shape
    number = means.dtype.type
    new = {
        "means": xp.empty(means.shape, means.dtype),
        "precision_sqrt": xp.empty(means.shape, means.dtype),
        "weight_logits": xp.empty((sets, components), means.dtype),
    }
    device.kernel("update", instance("mixture_maximize", type_name(means)))(
        (min(BLOCKS_MAX, sets * components), -(-d // SLICE)),
        (_threads(d),),
        (
            *(xp.ascontiguousarray(array) for array in sums),
            means,
            xp.ascontiguousarray(params["precision_sqrt"]),
            params["offset"],
            *new.values(),
            number(weight_min),
            number(variance_min),
            *map(number, bounds),
            *integers(sets, components, d),
        ),
    )
    return new


def running_mean(
    device: Device,
    running: Mapping[str, Array],
    batch: Mapping[str, Array],
    kept: Array | float,
    added: Array | float,
) -> dict[str, Array]:
    """Return ``kept * running + added * batch`` of every array, by name.

    Parameters
    ----------
    running, batch : mappings of str to arrays
        Of the same names, shapes and type.
    kept, added : numbers, or arrays of shape ()
        Arrays are read on the device.
    """
    xp = device.xp
    names = iter(running)
    out: dict[str, Array] = {}
    while some := list(islice(names, TOGETHER)):
        old = [xp.ascontiguousarray(running[name]) for name in some]
        new = [xp.ascontiguousarray(batch[name]) for name in some]
        made = [xp.empty(array.shape, array.dtype) for array in old]
        sizes = [array.size for array in old]
        out.update(zip(some, made, strict=True))
        missing = [NULL] * (TOGETHER - len(some))
        arrays = [array for group in (old, new, made) for array in (*group, *missing)]
        places, numbers = zip(*(_factor(xp, f, old[0].dtype) for f in (kept, added)), strict=True)
        if not sum(sizes):
            continue
        device.kernel("update", instance("running_mean", type_name(old[0])))(
            (min(BLOCKS_MAX, -(-sum(sizes) // THREADS)),),
            (THREADS,),
            (
                *arrays,
                *places,
                *numbers,
                *(np.int64(size) for size in (*sizes, *[0] * len(missing))),
            ),
        )
    return out


def _factor(xp: Any, factor: Array | float, dtype: Any) -> tuple[Any, Any]:
    """Return where a factor lies on the device, if it does, and its value, if that is known."""
    if isinstance(factor, xp.ndarray):
        return xp.ascontiguousarray(factor.astype(dtype, copy=False)), dtype.type(0)
    return NULL, dtype.type(factor)


def _threads(depth: int) -> int:
    """Return the threads of a block: a power of two, for as many dimensions as there are."""
    threads = WARP
    while threads < min(depth, THREADS):
        threads *= 2
    return threads
