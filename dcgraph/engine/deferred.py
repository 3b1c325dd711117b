"""A transformation that is computed a block of samples at a time, by whoever reads it.

So patches are built, used and forgotten while they are in the processor's cache; the engine needs
to know nothing of the layer but that it works on each sample by itself, as every layer does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Layer, Params
from dcgraph.engine.failures import NamedFailures
from dcgraph.rng import Draws
from dcgraph.signal import Shape, Signal, SignalBlocks


@dataclass(frozen=True, slots=True)
class Deferred:
    """The output of `layer` for `inputs`; a `SignalBlocks`.

    Attributes
    ----------
    node : str
        Whose output it is.
    draws : callable or None
        Returns the random numbers of samples `start` to `stop`, for a noisy layer in training;
        whoever reads a block again has the same.
    """

    ops: Backend
    layer: Layer
    params: Params
    inputs: Sequence[SignalBlocks]
    output: Shape
    node: str = ""
    draws: Callable[[int, int], Draws] | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (self.inputs[0].shape[0], *self.output)

    def block(self, start: int, stop: int) -> Signal:
        inputs = [source.block(start, stop) for source in self.inputs]
        with NamedFailures(self.node, self.layer, "forward"):
            if self.draws is None:
                return self.layer.forward(self.ops, self.params, inputs)
            rng = self.draws(start, stop)
            return self.layer.forward_training(self.ops, self.params, inputs, rng)


def whole(source: SignalBlocks) -> Signal:
    """Return all samples of a signal."""
    return source if isinstance(source, Signal) else source.block(0, source.shape[0])
