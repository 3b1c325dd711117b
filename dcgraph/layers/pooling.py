"""Max-pooling P(f, s), upward as in a CNN, downward by upsampling (paper section III-D)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Layer, Params
from dcgraph.contracts.windows import Pair, Sharpening, most_windows, window_counts
from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, Signal
from dcgraph.spec import Size


class Pooling(Layer):
    """The largest value in a window, for each channel.

    Attributes
    ----------
    kernel : (fh, fw) or int
    stride : (sh, sw), int or None
        None: as the kernel, so that windows do not overlap.
    ceil : bool
        Whether windows may stick out; they see only what exists.
    control : {"dense", "sparse"}
        Downward, a window's value goes to all of its positions, or to one drawn at random.
    """

    type: ClassVar[str] = "pooling"
    recordable: ClassVar[bool] = True

    kernel: Size
    stride: Size | None = None
    ceil: bool = False
    control_mode: Literal["dense", "sparse"] = Field(default="dense", alias="control")
    sampling: Sharpening = Field(default=Sharpening(), exclude=True, repr=False)

    @property
    def step(self) -> Pair:
        """The stride, (sh, sw)."""
        return self.stride or self.kernel

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        (shape,) = shapes
        if self.ceil and (self.step[0] > self.kernel[0] or self.step[1] > self.kernel[1]):
            message = (
                f"with ceil, a window could lie outside the input: stride {self.step[0]}x"
                f"{self.step[1]} must not exceed kernel {self.kernel[0]}x{self.kernel[1]}"
            )
            raise ValueError(message)
        return (*window_counts(shape, self.kernel, self.step, ceil=self.ceil), shape[2])

    def coverage(self, shapes: Sequence[Shape]) -> int:
        h, w, _ = self.output_shape(shapes)
        return most_windows(shapes[0], self.kernel, self.step, (h, w))

    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        (signal,) = inputs
        xp = ops.xp
        size = self.output_shape([signal.shape[1:]])[:2]
        values = ops.pool_max(self._candidates(ops, signal), self.kernel, self.step, size)
        if signal.known is None:
            return Signal(values)
        seen = xp.isfinite(values)
        return Signal(xp.where(seen, values, xp.zeros_like(values)), seen)

    def _candidates(self, ops: Backend, signal: Signal) -> Array:
        """Return the values a maximum is taken over: what is unknown can never be one."""
        if signal.known is None:
            return signal.values
        xp = ops.xp
        known = xp.broadcast_to(signal.known, signal.shape)
        return xp.where(known, signal.values, xp.asarray(-xp.inf, signal.values.dtype))

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
        choice = None
        if self.control_mode == "sparse":
            choice = self._drawn_cells(ops, signal, shape, rng)
        spread = ops.pool_spread(signal.values, signal.known, choice, shape, self.kernel, self.step)
        return (Signal(*spread),)

    def _drawn_cells(self, ops: Backend, signal: Signal, shape: Shape, rng: Draws) -> Array:
        """Return, for each window, the flat index in the kernel of one cell that exists."""
        xp = ops.xp
        _, h, w, _ = signal.shape
        rows = xp.minimum(self.kernel[0], shape[0] - xp.arange(h) * self.step[0])[:, None]
        columns = xp.minimum(self.kernel[1], shape[1] - xp.arange(w) * self.step[1])[None, :]
        uniform = rng.uniform(h, w, dtype=signal.values.dtype)
        cell = (uniform * (rows * columns)).astype(xp.int64)
        cell = xp.minimum(cell, rows * columns - 1)
        return cell // columns * self.kernel[1] + cell % columns

    def input_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], grad: Array
    ) -> Sequence[Array]:
        (signal,) = inputs
        xp = ops.xp
        size = self.output_shape([signal.shape[1:]])[:2]
        candidates = self._candidates(ops, signal)
        gradient = ops.pool_adjoint(candidates, grad, self.kernel, self.step, size)
        if signal.known is not None:  # a window that knows nothing still has a first "maximum"
            gradient = xp.where(signal.known, gradient, xp.zeros_like(gradient))
        return (gradient,)
