"""An NVIDIA GPU, through CuPy. The one module of this folder that imports it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cupy

from dcgraph.backends.cupy.device import Launch
from dcgraph.backends.cupy.sources import OPTIONS, source_text
from dcgraph.signal import Array


@dataclass(frozen=True)
class CudaGraph:
    """Recorded work.

    Attributes
    ----------
    graph : cupy.cuda.Graph
    kept : objects
        Whose memory it reads and writes.
    """

    graph: Any
    kept: Any

    def replay(self) -> None:
        """Start the work again, on the current stream; nothing is waited for."""
        self.graph.launch()


@dataclass(frozen=True)
class CudaDevice:
    """A GPU; it becomes the current one of this thread.

    Attributes
    ----------
    index : int
        Its number among the machine's devices.
    """

    index: int = 0

    def __post_init__(self) -> None:
        cupy.cuda.Device(self.index).use()

    @property
    def xp(self) -> Any:
        return cupy

    def kernel(self, source: str, expression: str) -> Launch:
        """Return a kernel; it is compiled at the first call on each kind of device."""
        launch: Launch = _kernel(source, expression)
        return launch

    def current(self) -> AbstractContextManager[Any]:
        """Return a context in which this device is the current one."""
        device: AbstractContextManager[Any] = cupy.cuda.Device(self.index)
        return device

    def wait(self) -> None:
        """Wait until all work is done."""
        cupy.cuda.Device(self.index).synchronize()

    def matmul(self, a: Array, b: Array) -> Array:
        """Return ``a @ b`` of matrices or stacks of them."""
        from dcgraph.backends.cupy.cublas import matmul

        return matmul(a, b)

    def record(self, work: Callable[[], Any]) -> tuple[Any, CudaGraph]:
        """Record work on this device as a CUDA graph; nothing of it is executed yet."""
        (stream, pool), ordinary = _recordings(), cupy.get_default_memory_pool()
        if ordinary.free_bytes() > self.memory // 4:  # what the step took when it was executed
            ordinary.free_all_blocks()
        with cupy.cuda.using_allocator(pool.malloc), stream:
            stream.begin_capture()
            try:
                result = work()
            finally:  # else the thread would stay in capture mode
                graph = stream.end_capture()
        return result, CudaGraph(graph, (result, pool, work))

    def release(self) -> None:
        """Give the memory back that no array has; other processes may take it then.

        Raises
        ------
        RuntimeError
            The device has failed in this process, which cannot use it any more.
        """
        gc.collect()  # arrays and recordings that only cycles still refer to have memory, too
        with self.current():
            self.wait()
            _, recordings = _recordings()
            recordings.free_all_blocks()
            cupy.get_default_memory_pool().free_all_blocks()
            cupy.get_default_pinned_memory_pool().free_all_blocks()

    @property
    def memory(self) -> int:
        """Bytes of memory in all."""
        return int(cupy.cuda.Device(self.index).mem_info[1])

    @cached_property
    def capability(self) -> int:
        """The compute capability, times ten."""
        return int(cupy.cuda.Device(self.index).compute_capability)


def _place_to_record() -> tuple[Any, Any]:
    return cupy.cuda.Stream(non_blocking=True), cupy.cuda.MemoryPool()


def _compiled(source: str, expression: str) -> Any:
    module = cupy.RawModule(
        code=source_text(source), options=OPTIONS, name_expressions=[expression]
    )
    return module.get_function(expression)


# One for all recordings of a device, and nothing else: what one has let go is the next one's, and
# they never run at the same time. Memory of other arrays must not be written by a replay.
_recordings: Any = cupy.memoize(for_each_device=True)(_place_to_record)
_kernel: Any = cupy.memoize(for_each_device=True)(_compiled)
