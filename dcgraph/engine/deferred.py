"""A transformation that is computed a block of samples at a time, by whoever reads it.

So patches are built, used and forgotten while they are in the processor's cache; the engine needs
to know nothing of the layer but that it works on each sample by itself, as every layer does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Layer, Params
from dcgraph.signal import Shape, Signal, SignalBlocks


@dataclass(frozen=True, slots=True)
class Deferred:
    """The output of `layer` for `inputs`; a `SignalBlocks`."""

    ops: Backend
    layer: Layer
    params: Params
    inputs: Sequence[SignalBlocks]
    output: Shape

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (self.inputs[0].shape[0], *self.output)

    def block(self, start: int, stop: int) -> Signal:
        inputs = [source.block(start, stop) for source in self.inputs]
        return self.layer.forward(self.ops, self.params, inputs)


def whole(source: SignalBlocks) -> Signal:
    """Return all samples of a signal."""
    return source if isinstance(source, Signal) else source.block(0, source.shape[0])
