"""A device that is none: the kernels of the CuPy backend, executed on the processor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulation.arrays import Namespace, Waits, bare, wrapped
from emulation.kernel import ORDERS, Module
from emulation.replay import Replays

from dcgraph.backends.cupy.sources import source_text


@dataclass
class EmulatedDevice:
    """Takes the place of `dcgraph.backends.cupy.cuda.CudaDevice`.

    Attributes
    ----------
    folder : Path
        Keeps compiled kernels.
    orders : sequence of int
        Of threads, in which each launch runs.
    capability : int
        The compute capability that it claims, times ten.
    edit : callable
        Changes the text of a source, whose name it is told, before it is compiled.
    """

    folder: Path
    orders: Sequence[int] = ORDERS
    sanitize: bool = False
    bytes: int = 2**33
    capability: int = 90
    edit: Callable[[str, str], str] = lambda name, text: text
    xp: Namespace = field(default_factory=Namespace, repr=False)
    launched: list[str] = field(default_factory=list, repr=False)
    _modules: dict[tuple[str, str], Module] = field(default_factory=dict, repr=False)

    @property
    def memory(self) -> int:
        return self.bytes

    def current(self) -> AbstractContextManager[None]:
        return nullcontext()

    def wait(self) -> None:
        Waits.refuse("the host waits for the device")
        Waits.count += 1

    def matmul(self, a: Any, b: Any) -> Any:
        return wrapped(bare(a) @ bare(b))

    def record(self, work: Callable[[], Any]) -> tuple[Any, Replays]:
        """Return what replays the work: it is done again, as the host saw the world back then."""
        return Replays.of(work)

    def kernel(self, source: str, expression: str) -> Callable[..., None]:
        if (source, expression) not in self._modules:
            self._modules[source, expression] = Module(
                self.edit(source, source_text(source)),
                (expression,),
                self.folder,
                self.orders,
                self.sanitize,
            )
        function = self._modules[source, expression].get_function(expression)
        self.launched.append(expression)

        def launch(grid: Any, block: Any, args: Any, **options: Any) -> None:
            function(grid, block, bare(args), **options)

        return launch
