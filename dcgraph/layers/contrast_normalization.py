"""Contrast normalisation: each position's mean and deviation over its channels are taken off.

Above a folding a position is a patch, and what is left of it is its pattern: an edge is the same in
a dark coat and in a white one. A mixture of such patches spends its components on textures and
edges, where one of raw patches spends them on shades of grey (Coates, Lee and Ng, 2011). Going
down, patterns get the mean and deviation that patches of the first images have on average: what
a patch's own were, nothing above knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Layer, Params
from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, Signal, SignalBlocks
from dcgraph.state import Arrays


class ContrastNormalization(Layer):
    """``y = (x - mean x) / sqrt(var x + epsilon)`` over the channels of each position.

    Mean and variance are of what is known there; what is unknown stays so. The log-likelihood of a
    mixture above is that of y, and says nothing of x.

    Attributes
    ----------
    epsilon : float
        Added to the variance, in units of the input squared: what varies by less than its root is
        taken for noise and stays small. The default suits values in [0, 1].
    """

    type: ClassVar[str] = "contrast_normalization"
    constants: ClassVar[tuple[str, ...]] = ("mean", "deviation")
    recordable: ClassVar[bool] = True

    epsilon: Annotated[float, Field(gt=0)] = 1e-4

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        (shape,) = shapes
        if shape[2] == 1:
            message = (
                "a position needs at least 2 channels, whose mean and deviation are taken off, "
                "received 1: put a folding below it"
            )
            raise ValueError(message)
        return shape

    def parameter_shapes(self, shapes: Sequence[Shape]) -> dict[str, tuple[int, ...]]:
        return {"mean": (1,), "deviation": (1,)}

    def init(self, shapes: Sequence[Shape], rng: np.random.Generator, dtype: Any) -> Arrays:
        return {"mean": np.zeros(1, dtype), "deviation": np.ones(1, dtype)}

    def prepare(
        self,
        ops: Backend,
        params: Params,
        inputs: Sequence[SignalBlocks],
        rng: np.random.Generator,
    ) -> Arrays:
        """Return mean and deviation of a position of the first images, on average."""
        (source,) = inputs
        signal = source.block(0, source.shape[0])
        xp = ops.xp
        mean, deviation = (x.astype(np.float64) for x in self._moments(ops, signal)[:2])
        seen = xp.full_like(mean, 1)
        if signal.known is not None:
            known = xp.broadcast_to(signal.known, signal.shape)
            seen = known.any(axis=-1, keepdims=True).astype(np.float64)
        count = xp.maximum(seen.sum(), 1)
        dtype = params["mean"].dtype
        return {
            "mean": ((mean * seen).sum() / count).astype(dtype).reshape(1),
            "deviation": ((deviation * seen).sum() / count).astype(dtype).reshape(1),
        }

    def _moments(self, ops: Backend, signal: Signal) -> tuple[Array, Array, Array, Array]:
        """Return mean, deviation and count of each position, (n, h, w, 1), and what is left of x.

        What is left, (n, h, w, c), is x less its mean, and 0 where x is unknown.
        """
        xp, x = ops.xp, signal.values
        if signal.known is None:
            mean = x.mean(axis=-1, keepdims=True)
            rest = x - mean
            count = xp.full_like(mean, x.shape[-1])
        else:
            known = xp.broadcast_to(signal.known, x.shape)
            count = xp.maximum(known.astype(x.dtype).sum(axis=-1, keepdims=True), 1)
            mean = xp.where(known, x, xp.zeros_like(x)).sum(axis=-1, keepdims=True) / count
            rest = xp.where(known, x - mean, xp.zeros_like(x))
        variance = (rest * rest).sum(axis=-1, keepdims=True) / count
        return mean, xp.sqrt(variance + self.epsilon), count, rest

    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        (signal,) = inputs
        _, deviation, _, rest = self._moments(ops, signal)
        return Signal(rest / deviation, signal.known)

    def control(
        self,
        ops: Backend,
        params: Params,
        signal: Signal | None,
        shapes: Sequence[Shape],
        rng: Draws,
    ) -> Sequence[Signal | None]:
        """Return patterns with the mean and deviation that `prepare` found."""
        if signal is None:
            return (None,)
        return (Signal(signal.values * params["deviation"] + params["mean"], signal.known),)

    def input_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], grad: Array
    ) -> Sequence[Array]:
        (signal,) = inputs
        xp = ops.xp
        _, deviation, count, rest = self._moments(ops, signal)
        y = rest / deviation
        if signal.known is not None:
            known = xp.broadcast_to(signal.known, signal.shape)
            grad = xp.where(known, grad, xp.zeros_like(grad))
        along = (grad * y).sum(axis=-1, keepdims=True) / count
        gradient = (grad - grad.sum(axis=-1, keepdims=True) / count - along * y) / deviation
        if signal.known is not None:
            gradient = xp.where(known, gradient, xp.zeros_like(gradient))
        return (gradient,)
