"""Masks of known pixels for in-painting: halves, boxes, pixels drawn at random."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import InputError
from dcgraph.rng import stream
from dcgraph.signal import Shape

Side = Literal["left", "right", "top", "bottom"]
SIDES: tuple[Side, ...] = get_args(Side)

Mask = NDArray[np.bool_]


def half_mask(shape: Shape, unknown: Side) -> Mask:
    """Return a mask (h, w) whose `unknown` half is false; of an odd number the middle is known."""
    h, w, _ = shape
    known = np.ones((h, w), bool)
    along: dict[str, Any] = {
        "top": np.s_[: h // 2],
        "bottom": np.s_[h - h // 2 :],
        "left": np.s_[:, : w // 2],
        "right": np.s_[:, w - w // 2 :],
    }
    if unknown not in along:
        message = f"half of an image is {', '.join(SIDES)}, received {unknown!r}"
        raise InputError(message)
    known[along[unknown]] = False
    return known


def box_mask(shape: Shape, y: int, x: int, height: int, width: int) -> Mask:
    """Return a mask (h, w) that is false in a box whose upper left pixel is (y, x).

    Raises
    ------
    InputError
        The box does not lie in the image.
    """
    h, w, _ = shape
    if min(y, x) < 0 or min(height, width) < 1 or y + height > h or x + width > w:
        message = (
            f"a box of {height}x{width} pixels at row {y}, column {x} does not lie in an image of "
            f"{h}x{w}"
        )
        raise InputError(message)
    known = np.ones((h, w), bool)
    known[y : y + height, x : x + width] = False
    return known


def random_mask(shape: Shape, n: int, share: float, *, seed: int) -> Mask:
    """Return masks (n, h, w), each with its own share of unknown pixels, at least one of either.

    Mask i depends on the seed and i alone.

    Parameters
    ----------
    share : float in (0, 1)
        Of unknown pixels, rounded to whole ones.

    Raises
    ------
    InputError
        The share is not in (0, 1), or an image has a single pixel.
    """
    h, w, _ = shape
    if not 0 < share < 1 or h * w < 2:
        message = f"a share of unknown pixels lies between 0 and 1, received {share:g}"
        raise InputError(message)
    unknown = min(max(1, round(share * h * w)), h * w - 1)
    known = np.ones((n, h * w), bool)
    for i in range(n):
        known[i, stream(seed, "mask", "random", i).permutation(h * w)[:unknown]] = False
    return known.reshape(n, h, w)
