"""What an update makes of a mixture's parameters, without a wait for the device."""

from __future__ import annotations

from collections.abc import Mapping

from dcgraph.backends.cupy.device import Device, integers, type_name
from dcgraph.backends.cupy.sources import instance
from dcgraph.signal import Array

BLOCK, WARPS = 128, 4
BLOCKS_MAX = 2**16


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
        _grid(sets * components),
        (BLOCK,),
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
) -> dict[str, Array]:
    """Return means, precision roots and logits: those that maximise the objective for fixed sums.

    Parameters
    ----------
    sums : arrays of shape (P, K), (P, K, d) and (P, K, d)
        Smoothed, and divided by the number of rows.
    weight_min, variance_min : float
        A component of less weight keeps its mean and precision; a variance is no less.
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
        _grid(sets * components),
        (BLOCK,),
        (
            *(xp.ascontiguousarray(array) for array in sums),
            means,
            xp.ascontiguousarray(params["precision_sqrt"]),
            params["offset"],
            *new.values(),
            number(weight_min),
            number(variance_min),
            *integers(sets, components, d),
        ),
    )
    return new


def _grid(components: int) -> tuple[int]:
    return (min(BLOCKS_MAX, -(-components // WARPS)),)
