"""Memory that one piece of work after another writes its intermediate results to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Scratch(threading.local):
    """Arrays by name; what an array held is lost when its name is asked for again.

    An allocation costs more than a pass over the array: its memory is not in the cache yet, often
    not even in the process. Each thread has its own arrays.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        self.tools: dict[Hashable, Any] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """Return an array of any content, in C order."""
        size = prod(shape)
        held = self.arrays.get(name)
        if held is None or held.size < size or held.dtype != dtype:
            held = self.arrays[name] = np.empty(size, dtype)
        return held[:size].reshape(shape)

    def tool(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what was made for a key, or make it."""
        if key not in self.tools:
            self.tools[key] = make()
        return self.tools[key]
