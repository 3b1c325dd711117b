"""Images on disk, read in blocks of neighbours, and shuffled well all the same.

An epoch takes the blocks in random order, and so many at a time as the buffer holds; the images of
those are mixed. So every block is read once, memory stays the same, and a batch holds images from
hundreds of places of the file: of all labels, even where the file is sorted by them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import DataError
from dcgraph.signal import Shape
from dcgraph.sources.scaling import Scaling

BLOCK_BYTES = 2**17  # large enough that a disk does not mind, small enough for many to be mixed
LEAST_BLOCKS = 4  # that a buffer must hold
FINGERPRINTS = 64  # blocks that a digest looks at


def block_rows(image_bytes: int, chunk_rows: int, buffer: int) -> int | None:
    """Return how many images make a block: whole chunks; None if the buffer is too small for that.

    Parameters
    ----------
    image_bytes : int
        Of one image, as stored.
    chunk_rows : int
        Images that can only be read together.
    buffer : int
        Bytes.
    """
    wanted = min(BLOCK_BYTES, buffer // LEAST_BLOCKS)
    chunks = max(1, wanted // (image_bytes * chunk_rows))
    rows = chunks * chunk_rows
    return None if rows * image_bytes * LEAST_BLOCKS > buffer else rows


@dataclass(frozen=True)
class StreamedSplit:
    """A `Split` that holds a bounded part of its images.

    Attributes
    ----------
    path : Path
        For messages.
    n : int
    image : (h, w, c)
    dtype : dtype
        As stored.
    labels : integer array of shape (n,), or None
    scaling : Scaling
        Checked for every block that is read.
    rows : int
        Images of a block.
    buffer : int
        Bytes of blocks that are held.
    read_block : callable
        Returns stored images ``start:stop``, (m, h, w, c).
    """

    path: Path
    n: int
    image: Shape
    dtype: np.dtype[Any]
    labels: NDArray[np.integer] | None
    scaling: Scaling
    rows: int
    buffer: int
    read_block: Callable[[int, int], NDArray[Any]]
    _held: OrderedDict[int, NDArray[Any]] = field(
        default_factory=OrderedDict, init=False, repr=False, compare=False
    )

    @property
    def shape(self) -> Shape:
        return self.image

    def __len__(self) -> int:
        return self.n

    @property
    def capacity(self) -> int:
        """How many blocks the buffer holds."""
        block = self.rows * int(np.prod(self.image)) * self.dtype.itemsize
        return max(LEAST_BLOCKS, self.buffer // block)

    def epoch_order(
        self, chosen: NDArray[np.integer], rng: np.random.Generator
    ) -> Iterator[NDArray[np.integer]]:
        """Yield an order in which blocks are read once, as many as are held at a time."""
        edges = np.arange(0, self.n + self.rows, self.rows, dtype=chosen.dtype)
        bounds = np.searchsorted(chosen, edges)  # of block b: from bounds[b] to bounds[b + 1]
        blocks = rng.permutation(np.flatnonzero(np.diff(bounds)))
        together = max(1, self.capacity - 1)  # one place is for a batch that spans two mixtures
        for start in range(0, len(blocks), together):
            drawn = blocks[start : start + together]
            mixed = np.concatenate([np.arange(bounds[b], bounds[b + 1]) for b in drawn])
            rng.shuffle(mixed)
            yield mixed

    def read(self, indices: NDArray[np.integer]) -> NDArray[Any]:
        stored = np.empty((len(indices), *self.image), self.dtype)
        blocks = indices // self.rows
        # what is held first: reading the others may push it out
        for block in sorted(np.unique(blocks), key=lambda block: block not in self._held):
            here = blocks == block
            stored[here] = self._block(int(block))[indices[here] - block * self.rows]
        return self.scaling.apply(stored)

    def _block(self, block: int) -> NDArray[Any]:
        """Return a block, from the buffer or from the file."""
        if block in self._held:
            self._held.move_to_end(block)
            return self._held[block]
        start = block * self.rows
        try:
            images = self.read_block(start, min(self.n, start + self.rows))
        except (OSError, RuntimeError) as error:
            message = f"images from {start} on cannot be read: {' '.join(str(error).split()):.200}"
            raise DataError(message, file=self.path) from error
        self.scaling.check(images, self.path)
        while len(self._held) >= self.capacity:
            self._held.popitem(last=False)
        self._held[block] = images
        return images

    def digest(self) -> str:
        """Return a fingerprint of all labels and of blocks from all over the file."""
        blocks = -(-self.n // self.rows)
        looked_at = np.unique(np.linspace(0, blocks - 1, FINGERPRINTS).astype(np.int64))
        digest = sha256(f"{self.n}{self.image}{self.dtype}{self.scaling}".encode())
        for block in looked_at:
            digest.update(np.ascontiguousarray(self._block(int(block))).data)
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels).data)
        return digest.hexdigest()
