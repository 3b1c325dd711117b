"""An affine node: ``y = (x - shift) / scale`` goes up, ``x = scale y + shift`` comes down.

It puts values on the scale that mixtures work on, about [0, 1]: images on another range, or pooled
posteriors, whose size falls with the number of components. With ``fit: true``, shift and scale are
mean and deviation of the first images that are learned from, one of each for every channel.

    scaled: {type: affine, shift: -1, scale: 2}       # [-1, 1] to [0, 1]
    normal: {type: affine, fit: true}                 # mean 0, deviation 1, by channel

Log-likelihoods of a mixture above are those of y: less ``log scale``, summed over the dimensions of
a position, they are those of x.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from dcgraph.api import (
    Array,
    Arrays,
    Backend,
    Draws,
    Layer,
    Params,
    Shape,
    Signal,
    SignalBlocks,
    hookimpl,
)

__version__ = "1.0"

SCALE_MIN = 1e-3  # of a fitted channel: one that is constant must not be blown up


class Affine(Layer):
    """Subtracts a shift and divides by a scale.

    Attributes
    ----------
    shift, scale : float
        Of every channel, unless they are fitted.
    fit : bool
        Take mean and deviation of each channel over the first images, known values alone.
    """

    type: ClassVar[str] = "affine"
    constants: ClassVar[tuple[str, ...]] = ("shift", "scale")

    shift: float = 0.0
    scale: Annotated[float, Field(gt=0)] = 1.0
    fit: bool = False

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        return shapes[0]

    def parameter_shapes(self, shapes: Sequence[Shape]) -> dict[str, tuple[int, ...]]:
        channels = shapes[0][2]
        return {"shift": (channels,), "scale": (channels,)}

    def init(self, shapes: Sequence[Shape], rng: np.random.Generator, dtype: Any) -> Arrays:
        channels = shapes[0][2]
        return {
            "shift": np.full(channels, self.shift, dtype),
            "scale": np.full(channels, self.scale, dtype),
        }

    def prepare(
        self,
        ops: Backend,
        params: Params,
        inputs: Sequence[SignalBlocks],
        rng: np.random.Generator,
    ) -> Arrays:
        if not self.fit:
            return dict(params)
        (source,) = inputs
        signal = source.block(0, source.shape[0])
        xp, x = ops.xp, signal.values.astype(np.float64)
        known = True if signal.known is None else signal.known
        known = xp.broadcast_to(xp.asarray(known), x.shape)
        count = xp.maximum(known.sum(axis=(0, 1, 2)), 1)
        mean = xp.where(known, x, 0).sum(axis=(0, 1, 2)) / count
        variance = xp.where(known, (x - mean) ** 2, 0).sum(axis=(0, 1, 2)) / count
        dtype = params["shift"].dtype
        scale = xp.maximum(xp.sqrt(variance), SCALE_MIN)
        return {"shift": mean.astype(dtype), "scale": scale.astype(dtype)}

    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        (signal,) = inputs
        return Signal((signal.values - params["shift"]) / params["scale"], signal.known)

    def control(
        self,
        ops: Backend,
        params: Params,
        signal: Signal | None,
        shapes: Sequence[Shape],
        rng: Draws,
    ) -> Sequence[Signal | None]:
        if signal is None:
            return (None,)
        return (Signal(signal.values * params["scale"] + params["shift"], signal.known),)

    def input_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], grad: Array
    ) -> Sequence[Array]:
        return (grad / params["scale"],)


@hookimpl
def register_layers() -> list[type[Layer]]:
    """Return the layer of this file."""
    return [Affine]
