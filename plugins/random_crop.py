"""Random crops, shifts and mirror images while training: the same images, seen a little apart.

A layer rather than a data source, so that it stands above any source, and every image of every step
has a stream of random numbers of its own: a run that is resumed sees the same crops.

    crop:  {type: random_crop, size: 24}                  # 24x24 pieces of larger images
    shift: {type: random_crop, padding: 2}                # moved by up to two pixels each way
    both:  {type: random_crop, padding: 4, mirror: true}  # and half of them mirrored

Images that are scored or shown are cropped in the middle. Coming down, a piece is put back in the
middle; what lies around it carries no signal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dcgraph.api import Array, Backend, Draws, Layer, Params, Shape, Signal, Size, hookimpl

__version__ = "1.0"


class RandomCrop(Layer):
    """Takes a piece of every image: from anywhere while training, from the middle otherwise.

    Attributes
    ----------
    size : (h, w), int or None
        Of the piece; None: as the image.
    padding : int
        So many zeros are put around the image before, on each side.
    mirror : bool
        While training, turn half of the pieces left to right.
    """

    type: ClassVar[str] = "random_crop"
    noisy: ClassVar[bool] = True

    size: Size | None = None
    padding: Annotated[int, Field(ge=0)] = 0
    mirror: bool = False

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        ((h, w, c),) = shapes
        size = self.size or (h, w)
        if min(self._room(shapes[0], size)) < 0:
            padded = f" with {self.padding} around them" if self.padding else ""
            message = f"a piece of {size[0]}x{size[1]} does not fit images of {h}x{w}{padded}"
            raise ValueError(message)
        return *size, c

    def warnings(self, shapes: Sequence[Shape]) -> Sequence[str]:
        room = self._room(shapes[0], self.size or shapes[0][:2])
        nothing = "it changes nothing: give it a size below the images', padding or mirror: true"
        return () if any(room) or self.mirror else (nothing,)

    def _room(self, shape: Shape, size: tuple[int, int]) -> tuple[int, int]:
        """Return by how much the padded image is higher and wider than the piece."""
        return shape[0] + 2 * self.padding - size[0], shape[1] + 2 * self.padding - size[1]

    def _padded(self, xp: Any, x: Array) -> Array:
        edge = (self.padding, self.padding)
        return xp.pad(x, ((0, 0), edge, edge, (0, 0))) if self.padding else x

    def _middle(self, shape: Shape) -> tuple[slice, slice]:
        """Return where in the padded image the middle piece is."""
        h, w, _ = self.output_shape([shape])
        top, left = (room // 2 for room in self._room(shape, (h, w)))
        return slice(top, top + h), slice(left, left + w)

    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        (signal,) = inputs
        rows, columns = self._middle(signal.shape[1:])

        def piece(x: Array) -> Array:
            return ops.xp.ascontiguousarray(self._padded(ops.xp, x)[:, rows, columns])

        return _each(ops.xp, signal, piece)

    def forward_training(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], rng: Draws
    ) -> Signal:
        xp, (signal,) = ops.xp, inputs
        n, shape = len(signal.values), signal.shape[1:]
        h, w, _ = self.output_shape([shape])
        drawn = rng.uniform(3, dtype=xp.float64)  # (n, 3): row, column, mirrored
        room = xp.asarray(self._room(shape, (h, w)))
        top, left = xp.floor(drawn[:, :2] * (room + 1)).astype(int).T[..., None]
        rows, columns = top + xp.arange(h), left + xp.arange(w)
        if self.mirror:
            columns = xp.where(drawn[:, 2:] < 0.5, columns[:, ::-1], columns)
        place = xp.arange(n)[:, None, None], rows[:, :, None], columns[:, None]
        return _each(xp, signal, lambda x: self._padded(xp, x)[place])

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
        xp, (shape,) = ops.xp, shapes
        values = self._put_back(xp, signal.values, shape)
        known = xp.ones_like(signal.values, dtype=bool)
        if signal.known is not None:
            known &= signal.known
        known = self._put_back(xp, known, shape)
        return (Signal(values, None if bool(known.all()) else known),)

    def input_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], grad: Array
    ) -> Sequence[Array]:
        (signal,) = inputs
        gradient = self._put_back(ops.xp, grad, signal.shape[1:])
        if signal.known is not None:
            gradient = ops.xp.where(signal.known, gradient, 0 * gradient)
        return (gradient,)

    def _put_back(self, xp: Any, piece: Array, shape: Shape) -> Array:
        """Return an image with the piece in its middle, and zeros around it."""
        h, w, c = shape
        edge = self.padding
        whole = xp.zeros((len(piece), h + 2 * edge, w + 2 * edge, c), piece.dtype)
        whole[:, *self._middle(shape)] = piece
        return xp.ascontiguousarray(whole[:, edge : edge + h, edge : edge + w])


def _each(xp: Any, signal: Signal, piece: Any) -> Signal:
    """Return the piece of a signal; zeros around it are known as the image is."""
    if signal.known is None:
        return Signal(piece(signal.values))
    known = xp.broadcast_to(signal.known, signal.shape)
    return Signal(piece(xp.where(known, signal.values, 0)), ~piece(~known))


@hookimpl
def register_layers() -> list[type[Layer]]:
    """Return the layer of this file."""
    return [RandomCrop]
