"""Batches: reshuffled each epoch for training, in order for everything else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.data.dataset import Subset
from dcgraph.rng import stream


@dataclass(frozen=True, slots=True)
class Batch:
    """Some images at once.

    Attributes
    ----------
    images : array of shape (n, h, w, c)
        float32.
    labels : integer array of shape (n,), or None
    indices : integer array of shape (n,)
        Places in the subset.
    """

    images: NDArray[Any]
    labels: NDArray[np.int64] | None
    indices: NDArray[np.int64]


def steps_per_epoch(n: int, batch_size: int) -> int:
    """Return the number of batches, the last of which may be short."""
    return -(-n // batch_size)


def epoch_batches(
    subset: Subset, batch_size: int, *, seed: int, epoch: int, start: int = 0
) -> Iterator[Batch]:
    """Yield the batches of an epoch, in an order drawn from (seed, epoch).

    Parameters
    ----------
    start : int
        Batches to leave out, for they have been learned from.
    """
    order = subset.epoch_order(stream(seed, "data", "shuffle", epoch))
    return _batches(subset, order[start * batch_size :], batch_size)


def ordered_batches(
    subset: Subset, batch_size: int, *, limit: int | None = None
) -> Iterator[Batch]:
    """Yield the first `limit` images of a subset (None: all), in their order."""
    return _batches(subset, np.arange(len(subset))[:limit], batch_size)


def _batches(subset: Subset, order: NDArray[np.int64], batch_size: int) -> Iterator[Batch]:
    for first in range(0, len(order), batch_size):
        indices = order[first : first + batch_size]
        labels = None if subset.labels is None else subset.labels[indices]
        yield Batch(subset.read(indices), labels, indices)
