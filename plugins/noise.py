"""Noise on the way up, while training: a mixture above then cannot fall into a grid of values.

Images of 8 bits take 256 values, of which most pixels of a digit take one. A density has no finite
maximum on such data; spread over their quantum (``width: 0.00390625``, 1/256) they have one. Images
that are scored or shown go up as they are, for the noise has mean 0.

    dequantised: {type: noise, width: 0.00390625}
    jittered:    {type: noise, kind: normal, width: 0.05}

Coming down, values may be put back on the grid, as a camera would: ``levels: 256``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dcgraph.api import Array, Backend, Draws, Layer, Params, Shape, Signal, hookimpl

__version__ = "1.0"


class Noise(Layer):
    """Adds noise while a graph is trained, and nothing otherwise.

    Attributes
    ----------
    width : float
        Of a uniform distribution about 0, from end to end; of a normal one, its deviation.
    kind : {"uniform", "normal"}
    levels : int or None
        Coming down, values are rounded to so many levels from 0 to 1; None: they are not.
    """

    type: ClassVar[str] = "noise"
    noisy: ClassVar[bool] = True

    width: Annotated[float, Field(gt=0)]
    kind: Literal["uniform", "normal"] = "uniform"
    levels: Annotated[int, Field(ge=2)] | None = None

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        return shapes[0]

    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        return inputs[0]

    def forward_training(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], rng: Draws
    ) -> Signal:
        (signal,) = inputs
        _, *shape = signal.shape
        dtype = signal.values.dtype
        if self.kind == "normal":
            noise = rng.normal(*shape, dtype=dtype)
        else:
            noise = rng.uniform(*shape, dtype=dtype) - dtype.type(0.5)
        return Signal(signal.values + dtype.type(self.width) * noise, signal.known)

    def control(
        self,
        ops: Backend,
        params: Params,
        signal: Signal | None,
        shapes: Sequence[Shape],
        rng: Draws,
    ) -> Sequence[Signal | None]:
        if signal is None or self.levels is None:
            return (signal,)
        steps = self.levels - 1
        values = ops.xp.clip(ops.xp.round(signal.values * steps), 0, steps) / steps
        return (Signal(values.astype(signal.values.dtype), signal.known),)

    def input_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], grad: Array
    ) -> Sequence[Array]:
        return (grad,)


@hookimpl
def register_layers() -> list[type[Layer]]:
    """Return the layer of this file."""
    return [Noise]
