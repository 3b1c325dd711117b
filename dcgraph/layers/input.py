"""The node where images enter, and where samples come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Layer, Params
from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, Signal
from dcgraph.spec import Positive


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class Input(Layer):
    """Images of a declared shape.

    Attributes
    ----------
    shape : (h, w, c)
        Height, width and channels of one image.
    """

    type: ClassVar[str] = "input"
    recordable: ClassVar[bool] = True
    inputs: ClassVar[tuple[int, int | None]] = (0, 0)

    shape: Annotated[tuple[Positive, Positive, Positive], BeforeValidator(_as_tuple)]

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        return self.shape

    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        (signal,) = inputs
        return signal

    def control(
        self,
        ops: Backend,
        params: Params,
        signal: Signal | None,
        shapes: Sequence[Shape],
        rng: Draws,
    ) -> Sequence[Signal | None]:
        return ()

    def input_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], grad: Array
    ) -> Sequence[Array]:
        return ()
