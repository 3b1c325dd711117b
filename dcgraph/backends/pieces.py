"""Arrays a piece at a time, so that what is computed in several passes stays in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from types import EllipsisType
from typing import Any

import numpy as np

from dcgraph.signal import Array

ELEMENTS = 2**17


def pieces(xp: Any, array: Array) -> Iterator[slice | EllipsisType]:
    """Yield indices that cover an array: some of its first axis at a time, or all at once.

    Parameters
    ----------
    xp : module
        The array namespace; a GPU has nothing from small pieces.
    """
    if xp is not np or array.size <= ELEMENTS:
        yield ...
        return
    length = len(array)
    at_once = max(1, ELEMENTS * length // array.size)
    for start in range(0, length, at_once):
        yield slice(start, min(length, start + at_once))
