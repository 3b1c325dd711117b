"""Recorded work, on the device that is none: it is done again by the same Python.

What that Python has once computed from numbers is frozen in a CUDA graph. It is here, too, for the
numbers that a recorded step may compute with are those of the step that was recorded.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
from emulation.arrays import POISON, DeviceArray, Waits


@dataclass
class Replays:
    """Work, the arrays that it has returned when it was recorded, and those that it has made.

    The latter lie in memory that other arrays of the same work had before, and will have again.
    """

    work: Callable[[], Any]
    result: Any
    made: list[DeviceArray]

    @classmethod
    def of(cls, work: Callable[[], Any]) -> tuple[Any, Replays]:
        """Record work: afterwards all arrays are as they were, for nothing is executed yet."""
        before = [
            (array, array.values.copy())
            for array in gc.get_objects()
            if type(array) is DeviceArray and array.values.flags.writeable
        ]
        Waits.recording = True
        try:
            result = work()
        finally:
            Waits.recording = False
        for array, values in before:
            array.values[...] = values
        old = {id(array) for array, _ in before}
        made = [each for each in gc.get_objects() if type(each) is DeviceArray]
        made = [each for each in made if each.values.flags.owndata and id(each) not in old]
        return result, cls(work, result, made)

    def replay(self) -> None:
        for array in self.made:
            array.values.reshape(-1).view(np.uint8)[...] = POISON
        Waits.recording = True
        try:
            again = self.work()
        finally:
            Waits.recording = False
        pairs = zip(arrays_of(self.result), arrays_of(again), strict=True)
        for there, new in pairs:
            if there is not new:
                there.values[...] = new.values


def arrays_of(value: Any) -> Iterator[DeviceArray]:
    """Yield the device arrays in nested containers, in a fixed order."""
    if isinstance(value, DeviceArray):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from arrays_of(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from arrays_of(item)
    elif is_dataclass(value):
        for each in fields(value):
            yield from arrays_of(getattr(value, each.name))
