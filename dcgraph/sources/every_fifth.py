"""A fixed split of images that come without one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.source import ArraySplit, OrderedSplit, Split, SplitName
from dcgraph.signal import Shape


def _chosen(n: int, split: SplitName) -> NDArray[np.bool_]:
    fifth: NDArray[np.bool_] = np.arange(n) % 5 == 4
    return fifth if split == "test" else ~fifth


def every_fifth(images: ArraySplit, split: SplitName) -> ArraySplit:
    """Return every fifth image as test images, the others as training images."""
    chosen = _chosen(len(images), split)
    labels = None if images.labels is None else images.labels[chosen]
    return ArraySplit(images.images[chosen], labels, images.scale, images.low)


def every_fifth_streamed(images: Split, split: SplitName) -> Split:
    """Return what `every_fifth` does, of images that are not in memory."""
    return _Part(images, split, np.flatnonzero(_chosen(len(images), split)))


@dataclass(frozen=True)
class _Part:
    """Some images of another split, by their places in it, ascending."""

    whole: Split
    name: SplitName
    places: NDArray[np.int64]

    @cached_property
    def labels(self) -> NDArray[np.int64] | None:
        labels = self.whole.labels
        return None if labels is None else labels[self.places]

    @property
    def shape(self) -> Shape:
        return self.whole.shape

    def __len__(self) -> int:
        return len(self.places)

    def read(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        return self.whole.read(self.places[indices])

    def epoch_order(self, chosen: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        if isinstance(self.whole, OrderedSplit):
            return self.whole.epoch_order(self.places[chosen], rng)
        return rng.permutation(len(chosen))

    def digest(self) -> str:
        return sha256(f"{self.whole.digest()}{self.name}".encode()).hexdigest()
