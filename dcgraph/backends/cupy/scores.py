"""The score product, without a copy of what rows see."""

from __future__ import annotations

from typing import Any

from dcgraph.backends.contract import MixtureParameters
from dcgraph.backends.cupy.device import GRID_MAX, NULL, Device, integers, type_name
from dcgraph.backends.cupy.parts import added
from dcgraph.backends.cupy.rows import Rows
from dcgraph.backends.cupy.tiles import plain_tiles, suits_tensor_cores, tensor_tiles
from dcgraph.errors import BackendError
from dcgraph.signal import Array

ROWS_MAX = 2**31 - 2**16


def scores(device: Device, rows: Rows, mixture: MixtureParameters) -> Array:
    """Return scores of known dimensions, (n, h, w, K), without ``-d/2 log 2 pi``."""
    xp = device.xp
    sets, terms, components = mixture.matrix.shape
    depth = terms // 2
    dtype = mixture.matrix.dtype
    total = rows.count
    if total > ROWS_MAX:
        message = f"a batch has at most {ROWS_MAX} positions, received {total}: use smaller batches"
        raise BackendError(message)
    if not total:
        return xp.empty((*rows.positions, components), dtype)
    type_, masked, per_set = type_name(mixture.matrix), rows.known is not None, total // sets
    mask: list[Any] = []  # on tensor cores there is none
    if suits_tensor_cores(device.capability, type_, rows.sample_size, masked=masked):
        tiles = tensor_tiles(per_set, sets, components)
    else:
        tiles = plain_tiles(type_, components, masked=masked)
        mask = [NULL, NULL]
    if masked:
        mask = [rows.known, _component_first(xp, mixture.dimension_bias)]
    down, across = tiles.blocks(per_set, components)
    part_depth = tiles.part_depth(down * across * sets, depth, numbers=total * components)
    parts = -(-depth // part_depth)
    partial = xp.empty((parts, *rows.positions, components), dtype)
    device.kernel(tiles.source, tiles.expression)(
        (down, across * parts, min(sets, GRID_MAX)),
        (tiles.threads,),
        (
            rows.values,
            xp.asarray(mixture.offset, dtype),
            _component_first(xp, mixture.matrix),
            xp.ascontiguousarray(mixture.log_weights if masked else mixture.bias),
            partial,
            *integers(per_set, sets, components, depth, parts, part_depth),
            *mask,
            *rows.layout,
        ),
    )
    return added(device, partial)


def _component_first(xp: Any, array: Array) -> Array:
    """Return (P, D, K) as dense (P, K, D): how `pack` lays them out, so that nothing moves."""
    return xp.ascontiguousarray(array.swapaxes(1, 2))
