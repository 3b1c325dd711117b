"""A device that is none: the kernels of the CuPy backend, executed on the processor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulation.arrays import DeviceArray, Namespace
from emulation.kernel import ORDERS, Module

from dcgraph.backends.cupy.sources import INSTANCES, source_text


@dataclass
class EmulatedDevice:
    """Takes the place of `dcgraph.backends.cupy.cuda.CudaDevice`.

    Attributes
    ----------
    folder : Path
        Keeps compiled kernels.
    orders : sequence of int
        Of threads, in which each launch runs.
    edit : callable
        Changes the text of a source, whose name it is told, before it is compiled.
    """

    folder: Path
    orders: Sequence[int] = ORDERS
    sanitize: bool = False
    edit: Callable[[str, str], str] = lambda name, text: text
    xp: Namespace = field(default_factory=Namespace, repr=False)
    launched: list[str] = field(default_factory=list, repr=False)
    _modules: dict[str, Module] = field(default_factory=dict, repr=False)

    def kernel(self, source: str, expression: str) -> Callable[..., None]:
        if source not in self._modules:
            text = self.edit(source, source_text(source))
            self._modules[source] = Module(
                text, INSTANCES[source], self.folder, self.orders, self.sanitize
            )
        function = self._modules[source].get_function(expression)
        self.launched.append(expression)

        def launch(grid: Any, block: Any, args: Sequence[Any], **options: Any) -> None:
            bare = [arg.values if isinstance(arg, DeviceArray) else arg for arg in args]
            function(grid, block, bare, **options)

        return launch
