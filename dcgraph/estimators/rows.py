"""The rows of scikit-learn's X as images: what training reads, and what a model looks at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.data.dataset import Dataset, Subset
from dcgraph.engine.scheduler import Scheduler
from dcgraph.signal import Shape, Signal

# Numbers a batch holds when rows are looked at: large enough that the cost of a step is nothing.
ELEMENTS = 500_000


@dataclass(frozen=True)
class RowSplit:
    """A `Split` over rows in memory, as they are: no scale, and float64 stays float64.

    Attributes
    ----------
    rows : array of shape (n, h, w, c)
    labels : integer array of shape (n,), or None
    """

    rows: NDArray[Any]
    labels: NDArray[np.int64] | None = None

    @property
    def shape(self) -> Shape:
        h, w, c = self.rows.shape[1:]
        return h, w, c

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        return self.rows[indices]

    def digest(self) -> str:
        digest = sha256(f"{self.rows.shape}{self.rows.dtype}".encode())
        digest.update(np.ascontiguousarray(self.rows).data)
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels).data)
        return digest.hexdigest()


def dataset_of(X: NDArray[Any], labels: NDArray[np.int64] | None, shape: Shape) -> Dataset:
    """Return all rows as training images; nothing is copied."""
    split = RowSplit(X.reshape(len(X), *shape), labels)
    return Dataset(Subset(split, np.arange(len(X)), shape))


def signals(scheduler: Scheduler, X: NDArray[Any], shape: Shape) -> Iterator[Signal]:
    """Yield the rows in their order, as large signals."""
    size = max(1, ELEMENTS // X.shape[1])
    for start in range(0, len(X), size):
        part = X[start : start + size]
        yield scheduler.signal(part.reshape(len(part), *shape))


def shape_of(features: int, image_shape: tuple[int, ...] | None) -> Shape:
    """Return (h, w, c) of the images that rows of so many features are.

    Parameters
    ----------
    image_shape : (h, w), (h, w, c) or None
        None: a single position that has all features as channels.

    Raises
    ------
    ValueError
        They have another number of elements.
    """
    if image_shape is None:
        return 1, 1, features
    sizes = tuple(image_shape)
    if len(sizes) not in (2, 3) or not all(isinstance(s, Integral) and s > 0 for s in sizes):
        message = f"image_shape must be (h, w) or (h, w, c), received {image_shape!r}"
        raise ValueError(message)
    h, w, c = (int(size) for size in (*sizes, 1)[:3])
    if h * w * c != features:
        message = (
            f"image_shape {image_shape!r} has {h * w * c} pixels, but X has {features} features"
        )
        raise ValueError(message)
    return h, w, c
