"""What plugins add to a backend: kernels, and fusions of several nodes into one piece of work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Layer, Observation, Params
from dcgraph.contracts.varying import Number
from dcgraph.signal import Array, SignalBlocks


@dataclass(frozen=True, slots=True)
class Kernel:
    """A function for one backend, which layers find under its name.

    Attributes
    ----------
    backend : str
        "numpy" or "cupy".
    name : str
        A new name, which layers look up in ``ops.kernels``; or, with `replaces`, that of one of the
        backend's own functions ("fold", "mixture_observe", ...), which everyone then calls instead.
    function : callable
        Of a replaced function it takes the same arguments and returns the same.
    replaces : bool
    recordable : bool
        As that of a layer.
    """

    backend: str
    name: str
    function: Callable[..., Any]
    replaces: bool = False
    recordable: bool = False

    @property
    def type(self) -> str:
        """What it is registered as, ``"numpy.fold"``."""
        return f"{self.backend}.{self.name}"


class Fused(Protocol):
    """Observes what several nodes in a row make of their input, in one piece of work."""

    def __call__(
        self,
        ops: Backend,
        layers: Sequence[Layer],
        params: Sequence[Params],
        inputs: Sequence[SignalBlocks],
        *,
        labels: Array | None,
        sigma: Number,
        want: frozenset[str],
    ) -> Observation | None:
        """Return what the last layer's `observe` would; None where this case is not covered.

        Parameters
        ----------
        layers, params : sequences, bottom up
            As long as the pattern.
        inputs : sequence of SignalBlocks
            Those of the lowest layer.
        labels, sigma, want
            Those of the last layer's `observe`.
        """


@dataclass(frozen=True, slots=True)
class Fusion:
    """A pattern of node types, and one function for it.

    Attributes
    ----------
    backend : str
        "numpy" or "cupy".
    pattern : tuple of str
        Node types in a row, bottom up; the last one is trainable, those below feed nothing else
        and are not `noisy`.
    function : Fused
    recordable : bool
        As that of a layer.
    """

    backend: str
    pattern: tuple[str, ...]
    function: Fused
    recordable: bool = False

    @property
    def type(self) -> str:
        """What it is registered as, ``"numpy: folding > gmm"``."""
        return f"{self.backend}: {' > '.join(self.pattern)}"


Fusions = Mapping[tuple[str, ...], Fused]
