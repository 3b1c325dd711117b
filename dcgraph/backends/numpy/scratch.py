"""Memory that one piece of work after another writes its intermediate results to."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scratch:
    """Arrays by name; what an array held is lost when its name is asked for again.

    An allocation of this size costs more than a pass over the array: its memory is not in the cache
    yet, often not even in the process.
    """

    held: dict[str, NDArray[Any]] = field(default_factory=dict)

    def array(self, name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """Return an array of any content, in C order."""
        size = prod(shape)
        held = self.held.get(name)
        if held is None or held.size < size or held.dtype != dtype:
            held = self.held[name] = np.empty(size, dtype)
        return held[:size].reshape(shape)
