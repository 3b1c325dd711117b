"""What layers with sliding windows share: output sizes, and how they are sharpened."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal

from pydantic import Field

from dcgraph.contracts.layer import Sampling
from dcgraph.signal import Shape

Pair = tuple[int, int]


class Sharpening(Sampling):
    """Gradient ascent on a higher node's loss, from the control output (paper section IV-C).

    Attributes
    ----------
    sharpen : int
        Iterations; 0 is none.
    rate : "auto" or float
        Step width, for the loss summed over the target's positions. "auto" cannot overshoot
        a fixed winner: 0.5 / (largest precision * patches that cover a pixel).
    weight : float
        Weight of the squared distance from where the ascent starts.
    target : str or None
        Node whose loss is raised; None is the next density node above.
    """

    sharpen: Annotated[int, Field(ge=0)] = 0
    rate: Literal["auto"] | Annotated[float, Field(gt=0)] = "auto"
    weight: Annotated[float, Field(ge=0)] = 0.0
    target: str | None = None


def window_counts(shape: Shape, kernel: Pair, stride: Pair, *, ceil: bool = False) -> Pair:
    """Return (h', w'), how many windows fit along each side.

    Raises
    ------
    ValueError
        The kernel is larger than the input.
    """
    if kernel[0] > shape[0] or kernel[1] > shape[1]:
        message = (
            f"kernel {kernel[0]}x{kernel[1]} is larger than the input, "
            f"{shape[0]}x{shape[1]}: make it smaller"
        )
        raise ValueError(message)
    rests = [(shape[i] - kernel[i], stride[i]) for i in (0, 1)]
    h, w = (1 + (-(-rest // step) if ceil else rest // step) for rest, step in rests)
    return h, w


def uncovered(shape: Shape, kernel: Pair, stride: Pair, counts: Pair) -> int:
    """Return how many of the h*w positions no window covers."""
    covered = []
    for i in (0, 1):
        last = min(kernel[i], shape[i] - (counts[i] - 1) * stride[i])  # it may stick out
        covered.append((counts[i] - 1) * min(stride[i], kernel[i]) + last)
    return shape[0] * shape[1] - covered[0] * covered[1]


def most_windows(shape: Shape, kernel: Pair, stride: Pair, counts: Pair) -> int:
    """Return how many windows cover the position that most cover."""
    along = (min(counts[i], -(-kernel[i] // stride[i])) for i in (0, 1))
    return prod(along)
