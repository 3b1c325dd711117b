"""The score product, without a copy of what rows see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dcgraph.backends.contract import MixtureParameters
from dcgraph.backends.cupy.device import GRID_MAX, NULL, Device, integers, type_name
from dcgraph.backends.cupy.parts import added
from dcgraph.backends.cupy.rows import Rows
from dcgraph.backends.cupy.sources import CAPABILITY, TENSOR, instance
from dcgraph.errors import BackendError
from dcgraph.signal import Array

TILE_DEPTH = 16  # dimensions of a slice, in scores.cu and in tensor.cu
TENSOR_FROM = CAPABILITY["tensor"]
TALL, TALL_FROM = 128, 396  # rows of a tall tile, and from how many such blocks on there are any,
TALL_COLUMNS = 40  # of so many components at most
PARTS_MAX = 64  # parts of a score,
TILES_MIN = 2  # each of so many slices of dimensions, at least
# Of the device that the divisions were measured on: its multiprocessors, and microseconds. Blocks
# of one take the first for a slice, and the second for each of their components; adding parts takes
# the third, and the fourth for each number.
MULTIPROCESSORS = 132
SLICE_TIME, COMPONENT_TIME, ADDING_TIME, NUMBER_TIME = 0.54, 0.0087, 3.0, 2.7e-6
ROWS_MAX = 2**31 - 2**16
TILE_ELEMENTS_MAX = 2**31  # from the first row of a tile to the last


@dataclass(frozen=True, slots=True)
class Tiles:
    """The kernel of a score product, and what each of its blocks has.

    Attributes
    ----------
    source, expression : str
    rows, columns : int
        Rows of a parameter set, and components.
    threads : int
    resident : int
        How many blocks a multiprocessor has at once.
    """

    source: str
    expression: str
    rows: int
    columns: int
    threads: int
    resident: int

    def blocks(self, rows: int, components: int) -> tuple[int, int]:
        """Return how many blocks it takes for all rows, and for all components."""
        return -(-rows // self.rows), -(-components // self.columns)


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
    on_tensor_cores = (
        device.capability >= TENSOR_FROM
        and dtype.itemsize == 4
        and not masked
        and rows.sample_size * TALL < TILE_ELEMENTS_MAX
    )
    if on_tensor_cores:
        tiles = _tensor_tiles(per_set, sets, components)
    else:
        tiles = _tiles(type_name(mixture.matrix), components, masked=masked)
    down, across = tiles.blocks(per_set, components)
    part_depth = _part_depth(tiles, down * across * sets, depth, numbers=total * components)
    parts = -(-depth // part_depth)
    partial = xp.empty((parts, *rows.positions, components), dtype)
    mask = [] if on_tensor_cores else [rows.known if masked else NULL]
    bias_of_mask = [_component_first(xp, mixture.dimension_bias) if masked else NULL]
    device.kernel(tiles.source, tiles.expression)(
        (down, across * parts, min(sets, GRID_MAX)),
        (tiles.threads,),
        (
            rows.values,
            *mask,
            xp.asarray(mixture.offset, dtype),
            _component_first(xp, mixture.matrix),
            xp.ascontiguousarray(mixture.log_weights if masked else mixture.bias),
            *(bias_of_mask if mask else []),
            partial,
            *integers(per_set, sets, components, depth, parts, part_depth),
            *rows.layout,
        ),
    )
    return added(device, partial)


def _tiles(type_: str, components: int, *, masked: bool) -> Tiles:
    """Return tiles for any device, of any type, with a mask or without one."""
    columns = 32 if components <= 32 else 64
    name = instance("mixture_scores", type_, "true" if masked else "false", str(columns))
    return Tiles("scores", name, 2**12 // columns, columns, threads=256, resident=2)


def _tensor_tiles(rows: int, sets: int, components: int) -> Tiles:
    """Return tiles for tensor cores: with the fewest idle columns, and tall where rows are many."""
    widths = sorted({8 * int(columns) for columns, _ in TENSOR}, reverse=True)
    width = min(widths, key=lambda each: -(-components // each) * each)
    blocks = -(-rows // TALL) * -(-components // width) * sets
    height = TALL if width <= TALL_COLUMNS and blocks >= TALL_FROM else TALL // 2
    name = instance("mixture_tensor", str(width // 8), str(height // 64))
    return Tiles("tensor", name, height, width, threads=128, resident=3)


def _part_depth(tiles: Tiles, blocks: int, depth: int, *, numbers: int) -> int:
    """Return how many dimensions one block sums: fewer than all where some would wait for others.

    Parameters
    ----------
    blocks : int
        If each sums all dimensions.
    numbers : int
        Scores of the batch, as many in each part.
    """
    slices = -(-depth // TILE_DEPTH)
    most = max(1, min(PARTS_MAX, slices // TILES_MIN))

    def slice_time(resident: int) -> float:
        return SLICE_TIME + COMPONENT_TIME * tiles.columns * resident if resident else 0

    def time(parts: int) -> float:
        rounds, rest = divmod(-(-blocks * parts // MULTIPROCESSORS), tiles.resident)
        each = rounds * slice_time(tiles.resident) + slice_time(rest)
        adding = ADDING_TIME + NUMBER_TIME * numbers * parts if parts > 1 else 0
        return -(-slices // parts) * each + adding

    return -(-slices // min(range(1, most + 1), key=time)) * TILE_DEPTH


def _component_first(xp: Any, array: Array) -> Array:
    """Return (P, D, K) as dense (P, K, D): how `pack` lays them out, so that nothing moves."""
    return xp.ascontiguousarray(array.swapaxes(1, 2))
