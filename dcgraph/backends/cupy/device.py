"""What the kernels of this folder run on, and how they are launched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

from dcgraph.backends.contract import Recording
from dcgraph.backends.cupy.sources import TYPES, instance
from dcgraph.errors import BackendError
from dcgraph.signal import Array

THREADS = 256
SHARED_BYTES = 48 * 1024  # what every device gives a block without being asked
BLOCKS = 8192  # enough for any device; more samples than that share a thread
GRID_MAX = 65535  # of the second and third dimension of a grid
ELEMENTS_MAX = 2**30  # of what is numbered in 32 bits
NULL = np.uintp(0)  # passed in place of an array


class Launch(Protocol):
    """A kernel; CuPy's `RawKernel` is one."""

    def __call__(
        self,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        args: tuple[Any, ...],
        *,
        shared_mem: int = ...,
    ) -> None: ...


class Device(Protocol):
    """An array library and the kernels that work on its arrays.

    `cuda.CudaDevice` is a GPU. The tests have one that executes the same kernels on the processor.

    Attributes
    ----------
    xp : module
        CuPy.
    memory : int
        Bytes in all.
    capability : int
        The compute capability, times ten: 90 for 9.0.
    """

    @property
    def xp(self) -> Any: ...

    @property
    def memory(self) -> int: ...

    @property
    def capability(self) -> int: ...

    def kernel(self, source: str, expression: str) -> Launch:
        """Return the kernel that `expression` names, ``fold<float>``, of ``source.cu``."""

    def current(self) -> AbstractContextManager[Any]:
        """Return a context in which this device is the current one."""

    def wait(self) -> None:
        """Wait until all work is done."""

    def matmul(self, a: Array, b: Array) -> Array:
        """Return ``a @ b`` of matrices or stacks of them."""

    def record(self, work: Callable[[], Any]) -> tuple[Any, Recording]:
        """Record work; see `dcgraph.backends.contract.Record`."""


def type_name(array: Array) -> str:
    """Return what CUDA calls the elements of an array.

    Raises
    ------
    BackendError
        There is no kernel for them.
    """
    name = TYPES.get(str(array.dtype))
    if name is None:
        message = (
            f"the cupy backend computes in float32 or float64, received {array.dtype}: set "
            "train.dtype"
        )
        raise BackendError(message)
    return name


def over_samples(
    device: Device,
    source: str,
    kernel: str,
    of: Array | None,
    args: Sequence[Any],
    *,
    elements: int,
    samples: int,
) -> None:
    """Launch a kernel whose threads have one element of a sample each, for all samples.

    Parameters
    ----------
    of : array or None
        Its element type selects the instance of the kernel; None: the kernel is no template.
    elements : int
        Of one sample.

    Raises
    ------
    BackendError
        A sample has too many elements.
    """
    if not elements or not samples:
        return
    if elements > ELEMENTS_MAX:
        message = f"the cupy backend takes at most {ELEMENTS_MAX} numbers, received {elements}"
        raise BackendError(message)
    across = -(-elements // THREADS)
    down = min(samples, GRID_MAX, max(1, BLOCKS // across))
    launch = device.kernel(source, kernel if of is None else instance(kernel, type_name(of)))
    launch((across, down), (THREADS,), tuple(args))


def integers(*values: int) -> list[np.int32]:
    """Return 32-bit integers: CuPy passes Python's own as 64 bits, whatever a kernel expects."""
    return [np.int32(value) for value in values]


def contiguous(xp: Any, array: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return an array as kernels read it: of this shape (broadcast), dense, in row-major order.

    Raises
    ------
    TypeError
        Its elements are of another type.
    """
    if array.dtype != dtype:
        message = f"expected an array of {np.dtype(dtype)}, received {array.dtype}"
        raise TypeError(message)
    return xp.ascontiguousarray(xp.broadcast_to(array, shape))
