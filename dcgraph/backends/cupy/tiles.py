"""How a score product is divided among the blocks of a launch."""

from __future__ import annotations

from dataclasses import dataclass

from dcgraph.backends.cupy.sources import CAPABILITY, TENSOR, instance

TILE_DEPTH = 16  # dimensions of a slice, in scores.cu and in tensor.cu
TENSOR_FROM = CAPABILITY["tensor"]
TALL, TALL_COLUMNS = 128, 40  # rows of a tall tile, and components, at most
PARTS_MAX = 64  # parts of a score,
TILES_MIN = 2  # each of so many slices of dimensions, at least
# Of the device that the divisions were measured on: its multiprocessors, and microseconds. Blocks
# of one take the first for a slice, and the second for each of their components; adding parts takes
# the third, and the fourth for each number.
MULTIPROCESSORS = 132
TALL_FROM = 3 * MULTIPROCESSORS  # such blocks: fewer would leave some of it idle
SLICE_TIME, COMPONENT_TIME, ADDING_TIME, NUMBER_TIME = 0.54, 0.0087, 3.0, 2.7e-6
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

    def part_depth(self, blocks: int, depth: int, *, numbers: int) -> int:
        """Return how many dimensions a block sums: fewer than all where some would wait for others.

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
            return SLICE_TIME + COMPONENT_TIME * self.columns * resident if resident else 0

        def time(parts: int) -> float:
            rounds, rest = divmod(-(-blocks * parts // MULTIPROCESSORS), self.resident)
            each = rounds * slice_time(self.resident) + slice_time(rest)
            adding = ADDING_TIME + NUMBER_TIME * numbers * parts if parts > 1 else 0
            return -(-slices // parts) * each + adding

        return -(-slices // min(range(1, most + 1), key=time)) * TILE_DEPTH


def suits_tensor_cores(capability: int, type_: str, sample_size: int, *, masked: bool) -> bool:
    """Return whether a device's tensor cores can do it.

    Parameters
    ----------
    capability : int
        The compute capability, times ten.
    type_ : {"float", "double"}
    sample_size : int
        Elements from one sample to the next.
    """
    near = sample_size * TALL < TILE_ELEMENTS_MAX
    return capability >= TENSOR_FROM and type_ == "float" and near and not masked


def plain_tiles(type_: str, components: int, *, masked: bool) -> Tiles:
    """Return tiles for any device, of any type, with a mask or without one."""
    columns = 32 if components <= 32 else 64
    name = instance("mixture_scores", type_, "true" if masked else "false", str(columns))
    return Tiles("scores", name, 2**12 // columns, columns, threads=256, resident=2)


def tensor_tiles(rows: int, sets: int, components: int) -> Tiles:
    """Return tiles with the fewest idle columns, and tall ones where rows are many."""
    widths = sorted({8 * int(columns) for columns, _ in TENSOR}, reverse=True)
    width = min(widths, key=lambda each: -(-components // each) * each)
    blocks = -(-rows // TALL) * -(-components // width) * sets
    height = TALL if width <= TALL_COLUMNS and blocks >= TALL_FROM else TALL // 2
    name = instance("mixture_tensor", str(width // 8), str(height // 64))
    return Tiles("tensor", name, height, width, threads=128, resident=3)
