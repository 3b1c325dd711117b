"""Launches kernels on NumPy arrays as CuPy launches them on its own, and looks over their shoulder.

Each launch runs in several orders of threads and blocks, on copies of the arrays between guards:
results that depend on the order, writes beyond an array, arguments of the wrong type, and barriers
that some threads never reach are errors.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from emulation.compiler import compiled
from numpy.typing import NDArray

FORWARD, REVERSE, SHUFFLED = ORDERS = 0, 1, 2
GUARD = 256  # bytes before and after each array; none where the sanitizer guards
POISON = 0xFF  # NaN, -1
NEEDS_FIBERS = 1
FAULTS = {
    2: "deadlock: some threads wait at a barrier that others never reach",
    3: "a lane that has exited is named in the mask of a warp's exchange",
    4: "no GPU would take this launch: grid, block or shared memory are too large or empty",
    5: "a write beyond the shared memory that the launch asked for",
}
DTYPES = {
    "float": np.dtype(np.float32),
    "double": np.dtype(np.float64),
    "bool": np.dtype(np.bool_),
    "int": np.dtype(np.int32),
    "unsigned": np.dtype(np.uint32),
    "long long": np.dtype(np.int64),
    "unsigned long long": np.dtype(np.uint64),
}
NULL = np.uintp


class EmulationError(Exception):
    """A kernel, or the way it was launched, is wrong."""


@dataclass
class Module:
    """The kernels of one source, compiled for this processor.

    Attributes
    ----------
    orders : sequence of int
        Of threads and blocks; each launch runs in every one.
    """

    source: str
    expressions: Sequence[str]
    folder: Path
    orders: Sequence[int] = ORDERS
    sanitize: bool = False
    library: ctypes.CDLL = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.library = compiled(self.source, self.expressions, self.folder, sanitize=self.sanitize)

    def get_function(self, expression: str) -> Kernel:
        number = self.expressions.index(expression)
        signature = self.library[f"signature_{number}"]
        signature.restype = ctypes.c_char_p
        text = signature().decode()
        parameters = text.split(",") if text else []
        guard = 0 if self.sanitize else GUARD
        return Kernel(expression, self.library[f"launch_{number}"], parameters, self.orders, guard)


@dataclass
class Kernel:
    """One kernel; call it as a CuPy `RawKernel` is called."""

    name: str
    launch: Any
    parameters: Sequence[str]
    orders: Sequence[int]
    guard: int
    fibers: bool = False

    def __call__(
        self,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        args: tuple[Any, ...],
        *,
        shared_mem: int = 0,
    ) -> None:
        if not all(isinstance(each, tuple) for each in (grid, block, args)):
            self._fail("grid, block and arguments are tuples")
        if len(args) != len(self.parameters):
            message = f"{self.name}: {len(args)} arguments for {len(self.parameters)} parameters"
            raise EmulationError(message)
        pairs = list(zip(self.parameters, args, strict=True))
        for position, (parameter, value) in enumerate(pairs):
            self._check(position, parameter, value)
        first: list[NDArray[np.uint8] | None] | None = None
        for order in self.orders:
            buffers = self._run(grid, block, pairs, shared_mem, order)
            if first is None:
                first = buffers
            for (parameter, _), one, other in zip(pairs, first, buffers, strict=True):
                if one is not None and other is not None and not np.array_equal(one, other):
                    self._fail(f"what is in a '{parameter}' depends on the order of threads")
        assert first is not None
        for (parameter, value), buffer in zip(pairs, first, strict=True):
            if buffer is not None and not parameter.startswith("const"):
                value[...] = self._within(buffer).view(value.dtype).reshape(value.shape)

    def _check(self, position: int, parameter: str, value: Any) -> None:
        """Refuse what a GPU would read as something else."""
        kind = parameter.removeprefix("const ").removesuffix("*")
        expected = DTYPES[kind]
        if parameter.endswith("*"):
            if isinstance(value, NULL) and value == 0:
                return
            if not isinstance(value, np.ndarray) or value.dtype != expected:
                got = value.dtype if isinstance(value, np.ndarray) else type(value).__name__
                self._fail(f"argument {position} is a '{parameter}', received {got}")
            if not value.flags.c_contiguous:
                self._fail(f"argument {position} is not contiguous")
        elif not isinstance(value, np.generic) or value.dtype != expected:
            # CuPy passes Python numbers as 64 bits, whatever the parameter's type.
            self._fail(f"argument {position} is a '{parameter}', received {type(value).__name__}")

    def _run(
        self,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        pairs: Sequence[tuple[str, Any]],
        shared_mem: int,
        order: int,
    ) -> list[NDArray[np.uint8] | None]:
        buffers: list[NDArray[np.uint8] | None] = []
        held: list[NDArray[Any]] = []
        for _, value in pairs:
            if isinstance(value, np.ndarray):
                buffer = np.full(value.nbytes + 2 * self.guard, POISON, np.uint8)
                self._within(buffer)[...] = np.frombuffer(value.tobytes(), np.uint8)
                buffers.append(buffer)
                held.append(np.array([buffer.ctypes.data + self.guard], np.uintp))
            else:
                buffers.append(None)
                held.append(np.array([value]))
        pointers = (ctypes.c_void_p * len(held))(*(array.ctypes.data for array in held))
        outcome = self.launch(
            (ctypes.c_uint * 3)(*grid, *(1,) * (3 - len(grid))),
            (ctypes.c_uint * 3)(*block, *(1,) * (3 - len(block))),
            pointers,
            ctypes.c_size_t(shared_mem),
            order,
            int(self.fibers),
        )
        if outcome == NEEDS_FIBERS:
            self.fibers = True
            return self._run(grid, block, pairs, shared_mem, order)
        if outcome:
            self._fail(FAULTS[outcome])
        for (parameter, value), buffer in zip(pairs, buffers, strict=True):
            if buffer is None:
                continue
            inside = self._within(buffer)
            around = np.concatenate([buffer[: self.guard], buffer[self.guard + inside.size :]])
            if (around != POISON).any():
                self._fail(f"a write beyond the end of a '{parameter}'")
            if parameter.startswith("const") and inside.tobytes() != value.tobytes():
                self._fail(f"a write into a '{parameter}'")
        return buffers

    def _within(self, buffer: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return what lies between the guards, as a view."""
        return buffer[self.guard : buffer.size - self.guard]

    def _fail(self, text: str) -> None:
        message = f"{self.name}: {text}"
        raise EmulationError(message)
