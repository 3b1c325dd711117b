"""Training images on their way to the device: batch by batch, or all at once and for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.data.batches import Indices, ordered_batches
from dcgraph.data.dataset import Subset
from dcgraph.engine.scheduler import Scheduler
from dcgraph.errors import InputError
from dcgraph.inference.density import classifiers
from dcgraph.signal import Array, Signal

RESIDENT_SHARE = 4  # images may take a quarter of a device's memory
BLOCK = 4096  # images that are brought there at a time


@dataclass
class HostFeed:
    """Reads the images of each batch when its turn comes.

    Attributes
    ----------
    scheduler : Scheduler
    images : Subset
    """

    scheduler: Scheduler
    images: Subset

    def take(self, indices: Indices, where: str) -> tuple[Signal, Array | None]:
        """Return images and their labels, on the device.

        Parameters
        ----------
        where : str
            Which batch it is, for messages.

        Raises
        ------
        InputError
            Pixels are NaN or infinite.
        """
        images = self.images.read(indices)
        check_images(images, indices, where, self.scheduler.graph.entry)
        ops, labels = self.scheduler.ops, labels_for(self.scheduler, self.images)
        there = None if labels is None else ops.asarray(labels[indices].astype(np.int64))
        return self.scheduler.signal(images), there


@dataclass
class ResidentFeed:
    """Takes batches of images that are all on the device.

    Attributes
    ----------
    images : Array of shape (m, h, w, c)
    labels : integer array of shape (m,), or None
    """

    scheduler: Scheduler
    images: Array
    labels: Array | None

    def take(self, indices: Indices, where: str) -> tuple[Signal, Array | None]:
        """Return images and their labels."""
        ops = self.scheduler.ops
        chosen = ops.asarray(indices)
        labels = None if self.labels is None else ops.xp.take(self.labels, chosen, axis=0)
        return Signal(ops.xp.take(self.images, chosen, axis=0)), labels


def feed_of(scheduler: Scheduler, images: Subset) -> HostFeed | ResidentFeed:
    """Return the fastest feed: a resident one, where images fit on a device with its own memory.

    Raises
    ------
    InputError
        Pixels are NaN or infinite: images that are brought to the device are looked at first.
    """
    ops = scheduler.ops
    size = len(images) * int(np.prod(images.shape)) * scheduler.dtype.itemsize
    if ops.memory is None or size > ops.memory // RESIDENT_SHARE:
        return HostFeed(scheduler, images)
    there: Any = ops.xp.empty((len(images), *images.shape), scheduler.dtype)
    for number, batch in enumerate(ordered_batches(images, BLOCK), 1):
        check_images(batch.images, batch.indices, f"block {number}", scheduler.graph.entry)
        first, last = batch.indices[0], batch.indices[-1]
        there[first : last + 1] = ops.asarray(batch.images, scheduler.dtype)
    labels = labels_for(scheduler, images)
    labels = None if labels is None else ops.asarray(labels.astype(np.int64))
    return ResidentFeed(scheduler, there, labels)


def labels_for(scheduler: Scheduler, images: Subset) -> NDArray[np.integer] | None:
    """Return the labels of images, where a node learns from them."""
    graph = scheduler.graph
    wanted = graph.fed("labels") or classifiers(graph)
    return images.labels if wanted else None


def check_images(images: NDArray[Any], indices: Indices, where: str, node: str) -> None:
    """Refuse images to learn from that are not numbers throughout.

    Raises
    ------
    InputError
    """
    if np.isfinite(images.sum(dtype=np.float64)):
        return
    bad = np.flatnonzero(~np.isfinite(images).all(axis=(1, 2, 3)))
    if not bad.size:
        return
    message = (
        f"training image {indices[bad[0]]} holds NaN or infinite pixels ({where}, {bad.size} of "
        f"its {len(images)} images): remove such images or fill in their pixels"
    )
    raise InputError(message, node=node)
