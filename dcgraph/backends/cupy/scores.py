"""The score product, without a copy of what rows see."""

from __future__ import annotations

from typing import Any

from dcgraph.backends.contract import MixtureParameters
from dcgraph.backends.cupy.device import GRID_MAX, NULL, Device, integers, type_name
from dcgraph.backends.cupy.parts import added
from dcgraph.backends.cupy.rows import Rows
from dcgraph.backends.cupy.sources import WIDE, instance
from dcgraph.errors import BackendError
from dcgraph.signal import Array

THREADS, TILE_DEPTH = 256, 16  # as in scores.cu
WAVE = 264  # blocks that a device has at once: two on each of 132 multiprocessors
PARTS_MAX = 64  # parts of a score,
TILES_MIN = 2  # each of so many slices of dimensions, at least
# In the time that a block takes for one dimension: a launch that adds parts, and each block's part.
ADDING_COST, PART_COST = 20, 0.15
ENOUGH = WAVE // 2  # blocks, from which on parts cost more than a last wave that is not full
WIDE_ROWS, WIDE_BLOCKS, WIDE_DEPTH = 2**11, WAVE // 2, 512
"""Tiles are wide from so many rows of a parameter set on, if that makes so many blocks; where it
takes parts to have them, from so many dimensions on."""
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
    wide = dtype.itemsize == 4 and not masked and per_set >= WIDE_ROWS
    for columns, *each in _tile_sizes(components, wide=wide):
        tiles, across = _tiles(per_set, columns, *each), -(-components // columns)
        blocks = tiles * across * sets
        part_depth = _part_depth(blocks, depth)
        parts = -(-depth // part_depth)
        if blocks >= WIDE_BLOCKS or (depth >= WIDE_DEPTH and blocks * parts >= WIDE_BLOCKS):
            break
    partial = xp.empty((parts, *rows.positions, components), dtype)
    launch = device.kernel(
        "scores",
        instance(
            "mixture_scores",
            type_name(partial),
            "true" if masked else "false",
            *map(str, (columns, *each)),
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


def _tile_sizes(components: int, *, wide: bool) -> list[tuple[int, int, int]]:
    """Return the components of a tile, and the rows and components of a thread: widest first."""
    narrow = (32 if components <= 32 else 64, 4, 4)
    if not wide:
        return [narrow]
    widths = [(int(columns), int(own)) for columns, own in WIDE]
    columns, own = min(widths, key=lambda width: (-(-components // width[0]) * width[0], -width[0]))
    return [(columns, 8, own), narrow]


def _tiles(rows: int, columns: int, per_rows: int, per_columns: int) -> int:
    """Return how many blocks it takes for all rows, with so many rows for each thread."""
    threads_across = columns // per_columns
    return -(-rows // (THREADS // threads_across * per_rows))


def _part_depth(blocks: int, depth: int) -> int:
    """Return how many dimensions one block sums: fewer than all where some would wait for others.

    The time of a division is that of its blocks, wave by wave, and that of adding the parts.
    """
    slices = -(-depth // TILE_DEPTH)
    if blocks >= ENOUGH:
        return slices * TILE_DEPTH
    most = max(1, min(PARTS_MAX, slices // TILES_MIN))

    def time(parts: int) -> float:
        added = ADDING_COST + PART_COST * blocks * parts if parts > 1 else 0
        return -(-blocks * parts // WAVE) / parts + added / depth

    return -(-slices // min(range(1, most + 1), key=time)) * TILE_DEPTH


def _component_first(xp: Any, array: Array) -> Array:
    """Return (P, D, K) as dense (P, K, D): how `pack` lays them out, so that nothing moves."""
    return xp.ascontiguousarray(array.swapaxes(1, 2))
