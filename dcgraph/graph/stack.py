"""How many windows, and how large, for a stack of mixtures on images of a given size.

The rule is that of the paper's graph E, for any size: small overlapping windows first, then
windows that move two positions at a time, then one window over all that is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dcgraph.errors import RequestError
from dcgraph.signal import Shape

FIRST_POSITIONS = 64  # of the lowest layer, along each axis; larger images are strided
FIRST_KERNEL = 3
HALVED_FROM = 6  # positions; fewer are taken two by two, one at a time

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Windows:
    """The folding below one mixture.

    Attributes
    ----------
    kernel, stride : (int, int)
        Height and width; no window sticks out and no position is left over.
    positions : (int, int)
        How many windows there are.
    """

    kernel: Pair
    stride: Pair
    positions: Pair


def windows(shape: Shape, depth: int) -> list[Windows]:
    """Return the foldings of a stack of `depth` mixtures, from the image up.

    Raises
    ------
    RequestError
        The images have no room for so many: a mixture would look at a single position of the one
        below it.
    """
    room = greatest_depth(shape)
    if depth > room:
        message = (
            f"images of {shape[0]}x{shape[1]} have room for at most {room} layers, received "
            f"{depth}: take fewer, or larger images"
        )
        raise RequestError(message, field="--depth")
    rows, columns = (_axis(length, depth) for length in shape[:2])
    return [
        Windows((fh, fw), (sh, sw), (h, w))
        for (fh, sh, h), (fw, sw, w) in zip(rows, columns, strict=True)
    ]


def greatest_depth(shape: Shape) -> int:
    """Return how many mixtures images have room for."""
    depth = 1
    while max(_left(length, depth) for length in shape[:2]) > 1:
        depth += 1
    return depth


def _left(length: int, steps: int) -> int:
    """Return the positions along an axis after so many steps upward."""
    for step in range(steps):
        *_, length = _step(length, lowest=step == 0)
    return length


def _axis(length: int, depth: int) -> Sequence[tuple[int, int, int]]:
    """Return (kernel, stride, positions) along an axis for each layer."""
    steps = []
    for step in range(depth - 1):
        steps.append(_step(length, lowest=step == 0))
        length = steps[-1][2]
    return [*steps, (length, 1, 1)]


def _step(length: int, *, lowest: bool) -> tuple[int, int, int]:
    """Return (kernel, stride, positions) of one folding along an axis."""
    if lowest:
        stride = -(-length // FIRST_POSITIONS)
        kernel = min(FIRST_KERNEL, max(length - 1, 1)) if stride == 1 else stride + 1
    else:
        stride, kernel = (2, 3) if length >= HALVED_FROM else (1, min(2, length))
    kernel += (length - kernel) % stride
    return kernel, stride, 1 + (length - kernel) // stride
