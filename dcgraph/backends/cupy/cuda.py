"""An NVIDIA GPU, through CuPy. The one module of this folder that imports it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import cupy

from dcgraph.backends.cupy.device import Launch
from dcgraph.backends.cupy.sources import OPTIONS, companions, source_text


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

    @property
    def memory(self) -> int:
        """Bytes of memory in all."""
        return int(cupy.cuda.Device(self.index).mem_info[1])


def _compiled(source: str, instances: tuple[str, ...]) -> Any:
    return cupy.RawModule(
        code=source_text(source), options=OPTIONS, name_expressions=list(instances)
    )


def _found(source: str, expression: str) -> Any:
    return _module(source, companions(source, expression)).get_function(expression)


_module: Any = cupy.memoize(for_each_device=True)(_compiled)
_kernel: Any = cupy.memoize(for_each_device=True)(_found)
