"""Average pooling: the mean of each window goes up, and is spread over the window going down.

Where max-pooling keeps the strongest response, this keeps how often there was one: of a mixture's
posteriors, the mean over a window is the share of its positions that each component took.
"""

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


class AveragePooling(Layer):
    """The mean over a window, for each channel; unknown values count for nothing.

    Attributes
    ----------
    kernel : (fh, fw) or int
    stride : (sh, sw), int or None
        None: as the kernel, so that windows do not overlap.
    """

    type: ClassVar[str] = "average_pooling"

    kernel: Size
    stride: Size | None = None
    sampling: Sharpening = Field(default=Sharpening(), exclude=True, repr=False)

    @property
    def step(self) -> tuple[int, int]:
        """The stride, (sh, sw)."""
        return self.stride or self.kernel

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        (shape,) = shapes
        return (*window_counts(shape, self.kernel, self.step), shape[2])

    def warnings(self, shapes: Sequence[Shape]) -> Sequence[str]:
        (shape,) = shapes
        missed = uncovered(shape, self.kernel, self.step, self.output_shape(shapes)[:2])
        return (f"{missed} input positions lie in no window",) if missed else ()

    def coverage(self, shapes: Sequence[Shape]) -> int:
        return most_windows(shapes[0], self.kernel, self.step, self.output_shape(shapes)[:2])

    def _windows(self, ops: Backend, x: Array) -> Array:
        """Return the entries of each window, (n, h', w', fh*fw, c): a folding's channels."""
        n, _, _, c = x.shape
        patches = ops.fold(x, self.kernel, self.step)
        return patches.reshape(n, *patches.shape[1:3], -1, c)

    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        (signal,) = inputs
        if signal.known is None:
            return Signal(self._windows(ops, signal.values).mean(axis=3))
        xp = ops.xp
        known = xp.broadcast_to(signal.known, signal.shape)
        total = self._windows(ops, xp.where(known, signal.values, xp.zeros_like(signal.values)))
        count = self._windows(ops, known.astype(signal.values.dtype)).sum(axis=3)
        return Signal(total.sum(axis=3) / xp.maximum(count, xp.ones_like(count)), count > 0)

    def control(
        self,
        ops: Backend,
        params: Params,
        signal: Signal | None,
        shapes: Sequence[Shape],
        rng: Draws,
    ) -> Sequence[Signal | None]:
        """Return, at each position, the mean over the windows that cover it and say something."""
        if signal is None:
            return (None,)
        (shape,) = shapes
        spread = ops.pool_spread(signal.values, signal.known, None, shape, self.kernel, self.step)
        return (Signal(*spread),)

    def input_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], grad: Array
    ) -> Sequence[Array]:
        (signal,) = inputs
        xp, area = ops.xp, self.kernel[0] * self.kernel[1]
        count = xp.full_like(grad, area)
        known = signal.known
        if known is not None:
            known = xp.broadcast_to(known, signal.shape)
            count = self._windows(ops, known.astype(grad.dtype)).sum(axis=3)
            count = xp.maximum(count, xp.ones_like(count))
        share = (grad / count)[..., None, :]
        entries = xp.broadcast_to(share, (*grad.shape[:3], area, grad.shape[3]))
        patches = xp.ascontiguousarray(entries).reshape(*grad.shape[:3], -1)
        gradient = ops.fold_adjoint(patches, signal.shape[1:], self.kernel, self.step)
        return (gradient if known is None else xp.where(known, gradient, 0 * gradient),)
