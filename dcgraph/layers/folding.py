"""Folding F(f, s): every patch becomes the channels of one position (paper section III-E)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Layer, Params
from dcgraph.contracts.windows import Sharpening, most_windows, uncovered, window_counts
from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, Signal
from dcgraph.spec import Size


class Folding(Layer):
    """Half-convolution: a kernel slides over the input and its patches are laid into channels.

    ``out[n, y, x, (i*fw + j)*c + k] = in[n, y*sh + i, x*sw + j, k]``

    Attributes
    ----------
    kernel : (fh, fw) or int
    stride : (sh, sw) or int
    """

    type: ClassVar[str] = "folding"
    recordable: ClassVar[bool] = True

    kernel: Size
    stride: Size = (1, 1)
    sampling: Sharpening = Field(default=Sharpening(), exclude=True, repr=False)

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        (shape,) = shapes
        h, w = window_counts(shape, self.kernel, self.stride)
        return h, w, self.kernel[0] * self.kernel[1] * shape[2]

    def warnings(self, shapes: Sequence[Shape]) -> Sequence[str]:
        (shape,) = shapes
        h, w, _ = self.output_shape(shapes)
        missed = uncovered(shape, self.kernel, self.stride, (h, w))
        if not missed:
            return ()
        return (
            f"{missed} of {shape[0] * shape[1]} input positions lie in no patch: they are ignored, "
            "and samples are 0 there",
        )

    def coverage(self, shapes: Sequence[Shape]) -> int:
        h, w, _ = self.output_shape(shapes)
        return most_windows(shapes[0], self.kernel, self.stride, (h, w))

    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        (signal,) = inputs
        known = signal.known
        if known is not None:
            known = ops.fold(ops.xp.broadcast_to(known, signal.shape), self.kernel, self.stride)
        return Signal(ops.fold(signal.values, self.kernel, self.stride), known)

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
        (shape,) = shapes
        return (
            Signal(*ops.fold_mean(signal.values, signal.known, shape, self.kernel, self.stride)),
        )

    def input_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], grad: Array
    ) -> Sequence[Array]:
        (signal,) = inputs
        return (ops.fold_adjoint(grad, signal.shape[1:], self.kernel, self.stride),)
