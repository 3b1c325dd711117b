"""Random streams, keyed so that no draw depends on another.

A stream belongs to (seed, node, purpose, step). Philox is counter-based: the first three make its
key, the step its counter, so that adding a node, drawing more, or drawing in other batches changes
no other draw.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dcgraph.signal import Array


def stream_key(seed: int, node: str, purpose: str) -> NDArray[np.uint64]:
    """Return the two 64-bit words that key the streams of one node and purpose."""
    digest = blake2b(f"{seed}\0{node}\0{purpose}".encode(), digest_size=16).digest()
    return np.frombuffer(digest, dtype="<u8").astype(np.uint64)


def stream(seed: int, node: str, purpose: str, step: int = 0) -> np.random.Generator:
    """Return the generator of (seed, node, purpose, step)."""
    return _generator(stream_key(seed, node, purpose), step)


def _generator(key: NDArray[np.uint64], step: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, step, 0]))


class Draws(Protocol):
    """Random numbers for n samples, one independent stream per sample.

    Attributes
    ----------
    start, n : int
        Number of the first sample, and of samples.
    """

    start: int
    n: int

    def uniform(self, *shape: int, dtype: Any) -> Array:
        """Return numbers in [0, 1), array of shape (n, *shape)."""

    def normal(self, *shape: int, dtype: Any) -> Array:
        """Return standard normal numbers, array of shape (n, *shape)."""


@dataclass
class SampleStreams:
    """`Draws` on the host: sample i of a call is sample ``start + i`` of its stream.

    The first five of ten samples are therefore the five samples that were asked for alone.
    """

    seed: int
    node: str
    purpose: str
    start: int
    n: int
    _generators: list[np.random.Generator] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        key = stream_key(self.seed, self.node, self.purpose)
        self._generators = [_generator(key, self.start + i) for i in range(self.n)]

    def uniform(self, *shape: int, dtype: Any) -> Array:
        out = np.empty((self.n, *shape), dtype)
        for generator, row in zip(self._generators, out, strict=True):
            generator.random(dtype=row.dtype, out=row)
        return out

    def normal(self, *shape: int, dtype: Any) -> Array:
        out = np.empty((self.n, *shape), dtype)
        for generator, row in zip(self._generators, out, strict=True):
            generator.standard_normal(dtype=row.dtype, out=row)
        return out
