"""Concatenation: several inputs become one, as a classifier on two mixtures needs it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Layer, Params
from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, Signal


class Concat(Layer):
    """Joins its inputs; its control signal is split back to them.

    Attributes
    ----------
    mode : {"flat", "channels"}
        "flat": each input is flattened, the output is (1, 1, sum of sizes); "channels": inputs of
        equal height and width are joined along channels.
    """

    type: ClassVar[str] = "concat"
    recordable: ClassVar[bool] = True
    inputs: ClassVar[tuple[int, int | None]] = (1, None)

    mode: Literal["flat", "channels"] = "flat"

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        if self.mode == "flat":
            return 1, 1, sum(h * w * c for h, w, c in shapes)
        sizes = {shape[:2] for shape in shapes}
        if len(sizes) > 1:
            listed = ", ".join(f"{h}x{w}" for h, w in sorted(sizes))
            message = (
                f"inputs joined along channels need one height and width, received {listed}: "
                "use mode: flat"
            )
            raise ValueError(message)
        return (*shapes[0][:2], sum(shape[2] for shape in shapes))

    def _laid_out(self, signal: Signal, array: Array) -> Array:
        return array.reshape(signal.shape[0], 1, 1, -1) if self.mode == "flat" else array

    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        xp = ops.xp
        values = _joined(xp, [self._laid_out(s, s.values) for s in inputs])
        if all(s.known is None for s in inputs):
            return Signal(values)
        masks = [
            xp.broadcast_to(xp.asarray(True) if s.known is None else s.known, s.shape)  # noqa: FBT003
            for s in inputs
        ]
        known = [self._laid_out(s, mask) for s, mask in zip(inputs, masks, strict=True)]
        return Signal(values, _joined(xp, known))

    def _split(self, array: Array, shapes: Sequence[Shape]) -> list[Array]:
        """Return the parts of an array laid out like the output, one for each input."""
        n = array.shape[0]
        sizes = [int(np.prod(s)) if self.mode == "flat" else s[2] for s in shapes]
        bounds = pairwise([0, *np.cumsum(sizes).tolist()])
        return [
            array[..., a:b].reshape(n, *shape) for (a, b), shape in zip(bounds, shapes, strict=True)
        ]

    def control(
        self,
        ops: Backend,
        params: Params,
        signal: Signal | None,
        shapes: Sequence[Shape],
        rng: Draws,
    ) -> Sequence[Signal | None]:
        if signal is None:
            return [None] * len(shapes)
        values = self._split(signal.values, shapes)
        if signal.known is None:
            return [Signal(part) for part in values]
        known = self._split(ops.xp.broadcast_to(signal.known, signal.shape), shapes)
        return [Signal(part, mask) for part, mask in zip(values, known, strict=True)]

    def input_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], grad: Array
    ) -> Sequence[Array]:
        return self._split(grad, [signal.shape[1:] for signal in inputs])


def _joined(xp: Any, parts: Sequence[Array]) -> Array:
    """Return parts side by side along channels, in a way that can be recorded on a device."""
    bounds = np.cumsum([0, *(part.shape[-1] for part in parts)]).tolist()
    whole: Array = xp.empty((*parts[0].shape[:-1], bounds[-1]), parts[0].dtype)
    for part, (first, last) in zip(parts, pairwise(bounds), strict=True):
        whole[..., first:last] = part
    return whole
