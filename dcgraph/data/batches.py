"""Batches: reshuffled each epoch for training, in order for everything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.data.dataset import Subset
from dcgraph.rng import stream

Indices = NDArray[np.integer]


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
    labels: NDArray[np.integer] | None
    indices: Indices


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
    return _batches(subset, epoch_indices(subset, batch_size, seed=seed, epoch=epoch, start=start))


def epoch_indices(
    subset: Subset, batch_size: int, *, seed: int, epoch: int, start: int = 0
) -> Iterator[Indices]:
    """Yield where in the subset the images of each batch of an epoch are; see `epoch_batches`."""
    order = subset.epoch_order(stream(seed, "data", "shuffle", epoch))
    return _cut(order, batch_size, start * batch_size)


def ordered_batches(
    subset: Subset, batch_size: int, *, limit: int | None = None
) -> Iterator[Batch]:
    """Yield the first `limit` images of a subset (None: all), in their order."""
    n = len(subset) if limit is None else min(limit, len(subset))
    parts = (np.arange(i, min(n, i + batch_size)) for i in range(0, n, batch_size))
    return _batches(subset, parts)


def _cut(order: Iterable[Indices], size: int, skip: int) -> Iterator[Indices]:
    """Yield an order that comes in parts in pieces of a size, less its first `skip` places."""
    rest: Indices = np.empty(0, np.int64)
    for part in order:
        if skip >= len(part):
            skip -= len(part)
            continue
        rest, skip = np.concatenate([rest, part[skip:]]), 0
        whole = len(rest) - len(rest) % size
        yield from (rest[i : i + size] for i in range(0, whole, size))
        rest = rest[whole:]
    if len(rest):
        yield rest


def _batches(subset: Subset, pieces: Iterable[Indices]) -> Iterator[Batch]:
    for indices in pieces:
        labels = None if subset.labels is None else subset.labels[indices].astype(np.int64)
        yield Batch(subset.read(indices), labels, indices)
