"""A second input: the label of an image, one channel for each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Layer, Params
from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, Signal


class Label(Layer):
    """The label, as 1 in the channel of its class and 0 in the others.

    While a graph is trained it is known; of images that are looked at later it is unknown, and
    mixtures above integrate it out, unless it is given.

    Attributes
    ----------
    classes : int
        Labels run from 0 to ``classes - 1``.
    """

    type: ClassVar[str] = "label"
    recordable: ClassVar[bool] = True
    inputs: ClassVar[tuple[int, int | None]] = (0, 0)
    feeds: ClassVar[Literal["images", "labels"]] = "labels"

    classes: Annotated[int, Field(ge=2)]

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        return 1, 1, self.classes

    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        """Return the classes (n, 1, 1, classes) of labels (n, 1, 1, 1)."""
        (signal,) = inputs
        chosen = ops.xp.arange(self.classes) == signal.values
        return Signal(chosen.astype(signal.values.dtype), signal.known)

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
