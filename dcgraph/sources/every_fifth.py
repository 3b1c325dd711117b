"""A fixed split of images that come without one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.source import ArraySplit, OrderedSplit, Split, SplitName
from dcgraph.signal import Shape


def _chosen(n: int, split: SplitName) -> NDArray[np.bool_]:
    chosen: NDArray[np.bool_] = np.full(n, split == "train")
    chosen[4::5] = split == "test"
    return chosen


def every_fifth(images: ArraySplit, split: SplitName) -> ArraySplit:
    """Return every fifth image as test images, the others as training images."""
    chosen = _chosen(len(images), split)
    labels = None if images.labels is None else images.labels[chosen]
    return ArraySplit(images.images[chosen], labels, images.scale, images.low)


def every_fifth_streamed(images: Split, split: SplitName) -> Split:
    """Return what `every_fifth` does, of images that are not in memory."""
    return _Part(images, split)


@dataclass(frozen=True)
class _Part:
    """The training or the test images of another split; where they stand is computed."""

    whole: Split
    name: SplitName

    def _places(self, indices: NDArray[np.integer]) -> NDArray[np.integer]:
        if len(self.whole) >= 2**31:
            indices = indices.astype(np.int64)
        return indices * 5 + 4 if self.name == "test" else indices + indices // 4

    @cached_property
    def labels(self) -> NDArray[np.integer] | None:
        labels = self.whole.labels
        return None if labels is None else labels[_chosen(len(labels), self.name)]

    @property
    def shape(self) -> Shape:
        return self.whole.shape

    def __len__(self) -> int:
        tests = len(self.whole) // 5
        return tests if self.name == "test" else len(self.whole) - tests

    def read(self, indices: NDArray[np.integer]) -> NDArray[Any]:
        return self.whole.read(self._places(indices))

    def epoch_order(
        self, chosen: NDArray[np.integer], rng: np.random.Generator
    ) -> Iterator[NDArray[np.integer]]:
        if isinstance(self.whole, OrderedSplit):
            yield from self.whole.epoch_order(self._places(chosen), rng)
        else:
            yield rng.permutation(len(chosen))

    def digest(self) -> str:
        return sha256(f"{self.whole.digest()}{self.name}".encode()).hexdigest()
