"""The score product, without a copy of what rows see."""

from __future__ import annotations

from typing import Any

from dcgraph.backends.contract import MixtureParameters
from dcgraph.backends.cupy.device import GRID_MAX, NULL, Device, integers, type_name
from dcgraph.backends.cupy.parts import added
from dcgraph.backends.cupy.rows import Rows
from dcgraph.backends.cupy.sources import instance
from dcgraph.errors import BackendError
from dcgraph.signal import Array

THREADS, TILE_DEPTH = 256, 16  # as in scores.cu
BLOCKS = 128  # fewer than these share their dimensions with others
PARTS_MAX = 64  # parts of a score,
TILES_MIN = 2  # each of so many slices of dimensions, at least
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
    masked = rows.known is not None
    per_set = total // sets
    columns = 32 if components <= 32 else 64
    wide = dtype.itemsize == 4 and not masked and _tiles(per_set, columns, 8) * sets >= 2 * BLOCKS
    per_thread = 8 if wide else 4
    tiles = _tiles(per_set, columns, per_thread)
    across = -(-components // columns)
    part_depth = _part_depth(tiles * across * sets, depth)
    parts = -(-depth // part_depth)
    partial = xp.empty((parts, *rows.positions, components), dtype)
    launch = device.kernel(
        "scores",
        instance(
            "mixture_scores",
            type_name(partial),
            "true" if masked else "false",
            str(columns),
            str(per_thread),
        ),
    )
    launch(
        (tiles, across * parts, min(sets, GRID_MAX)),
        (THREADS,),
        (
            rows.values,
            rows.known if masked else NULL,
            xp.asarray(mixture.offset, dtype),
            _component_first(xp, mixture.matrix),
            xp.ascontiguousarray(mixture.log_weights if masked else mixture.bias),
            _component_first(xp, mixture.dimension_bias) if masked else NULL,
            partial,
            *integers(per_set, sets, components, depth, parts, part_depth),
            *rows.layout,
        ),
    )
    return added(device, partial)


def _tiles(rows: int, columns: int, per_thread: int) -> int:
    """Return how many blocks it takes for all rows, with so many rows for each thread."""
    threads_across = columns // 4
    return -(-rows // (THREADS // threads_across * per_thread))


def _part_depth(blocks: int, depth: int) -> int:
    """Return how many dimensions one block sums: all, unless few blocks have all the work."""
    slices = -(-depth // TILE_DEPTH)
    parts = max(1, min(BLOCKS // blocks, PARTS_MAX, slices // TILES_MIN))
    return -(-slices // parts) * TILE_DEPTH


def _component_first(xp: Any, array: Array) -> Array:
    """Return (P, D, K) as dense (P, K, D): how `pack` lays them out, so that nothing moves."""
    return xp.ascontiguousarray(array.swapaxes(1, 2))
