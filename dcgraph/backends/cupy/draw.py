"""Random numbers on the device, and categorical draws.

Uniform numbers are those that `dcgraph.rng.SampleStreams` draws first, bit for bit; normal numbers
come from the same generator by another rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dcgraph.backends.cupy.device import Device, contiguous, integers, over_samples
from dcgraph.rng import stream_key
from dcgraph.signal import Array


@dataclass
class DeviceStreams:
    """`dcgraph.rng.Draws` on a device: a number depends on its sample, its call and its place.

    Attributes
    ----------
    seed, node, purpose : int, str, str
        Key the streams.
    start, n : int
        Number of the first sample, and of samples.
    """

    device: Device
    seed: int
    node: str
    purpose: str
    start: int
    n: int
    _key: tuple[np.uint64, np.uint64] = field(init=False, repr=False)
    _calls: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        first, second = stream_key(self.seed, self.node, self.purpose)
        self._key = first, second

    def uniform(self, *shape: int, dtype: Any) -> Array:
        """Return numbers in [0, 1), array of shape (n, *shape)."""
        return self._drawn("uniform", shape, dtype)

    def normal(self, *shape: int, dtype: Any) -> Array:
        """Return standard normal numbers, array of shape (n, *shape)."""
        return self._drawn("normal", shape, dtype)

    def _drawn(self, kernel: str, shape: tuple[int, ...], dtype: Any) -> Array:
        out = self.device.xp.empty((self.n, *shape), dtype)
        size = int(np.prod(shape))
        over_samples(
            self.device,
            "draw",
            kernel,
            out,
            [
                out,
                *integers(self.n, size),
                np.int64(self.start),
                np.int32(self._calls),
                *self._key,
            ],
            elements=-(-size // 4),
            samples=self.n,
        )
        self._calls += 1
        return out


def categorical(device: Device, weights: Array, uniform: Array) -> Array:
    """Return an index along the last axis, drawn in proportion to the weights.

    Parameters
    ----------
    weights : array of shape (n, h, w, K)
        Not negative, at least one above 0 at each position.
    uniform : array of shape (n, h, w)
        Numbers in [0, 1).
    """
    xp = device.xp
    *positions, components = weights.shape
    weights = contiguous(xp, weights, weights.shape, weights.dtype)
    uniform = contiguous(xp, uniform.astype(np.float64), tuple(positions), np.float64)
    index = xp.empty(tuple(positions), np.int64)
    rows = int(np.prod(positions))
    over_samples(
        device,
        "draw",
        "categorical",
        weights,
        [weights, uniform, index, *integers(rows, components)],
        elements=rows,
        samples=1,
    )
    return index
