"""What a data source is: named settings that yield a training and a test split."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from dcgraph.signal import Shape
from dcgraph.spec import Spec

SplitName = Literal["train", "test"]


class Split(Protocol):
    """Images one can ask for by index; nothing says that they are in memory."""

    @property
    def labels(self) -> NDArray[Any] | None:
        """Integer labels of shape (n,), or None; many of them may have a small dtype."""

    @property
    def shape(self) -> Shape:
        """(h, w, c) of an image."""

    def __len__(self) -> int: ...

    def read(self, indices: NDArray[Any]) -> NDArray[Any]:
        """Return images of shape (m, h, w, c), float32, on the scale the model sees."""

    def digest(self) -> str:
        """Return a fingerprint of images and labels, hexadecimal."""


@runtime_checkable
class OrderedSplit(Protocol):
    """A `Split` that says in which order an epoch is best read: one that is not in memory."""

    def epoch_order(
        self, chosen: NDArray[np.integer], rng: np.random.Generator
    ) -> Iterator[NDArray[np.integer]]:
        """Yield a permutation of ``range(len(chosen))``, part by part: an epoch through `chosen`.

        Parameters
        ----------
        chosen : integer array of shape (m,)
            Places of the images that are learned from, ascending.
        """


@dataclass(frozen=True)
class ArraySplit:
    """A `Split` over arrays in memory.

    Attributes
    ----------
    images : array of shape (n, h, w, c)
        uint8 or float; kept as it is and converted a batch at a time.
    labels : integer array of shape (n,), or None
    scale, low : float
        Images are read as ``(images - low) * scale``.
    """

    images: NDArray[Any]
    labels: NDArray[np.int64] | None = None
    scale: float = 1.0
    low: float = 0.0

    @property
    def shape(self) -> Shape:
        h, w, c = self.images.shape[1:]
        return h, w, c

    def __len__(self) -> int:
        return len(self.images)

    def read(self, indices: NDArray[np.integer]) -> NDArray[Any]:
        batch: NDArray[np.float32] = self.images[indices].astype(np.float32)
        if self.low:
            batch -= np.float32(self.low)
        batch *= np.float32(self.scale)
        return batch

    def digest(self) -> str:
        from hashlib import sha256

        low = self.low or ""
        digest = sha256(f"{self.images.shape}{self.images.dtype}{self.scale}{low}".encode())
        digest.update(np.ascontiguousarray(self.images).data)
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels).data)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What `dcgraph data list` says of a source."""

    summary: str
    shape: Shape | None = None
    classes: int | None = None
    licence: str | None = None


class Source(Spec):
    """A data set; subclasses' fields are keys of the graph file's `data:` section."""

    type: ClassVar[str]
    info: ClassVar[SourceInfo]

    @abstractmethod
    def load(self, split: SplitName, directory: Path | None) -> Split:
        """Return a split.

        Parameters
        ----------
        directory : Path or None
            The data directory, None where the source needs none.

        Raises
        ------
        DataMissingError
            The data set is not there; the message says both ways to get it.
        """

    def missing(self, directory: Path | None) -> list[str]:
        """Return the names of files that are not there; empty: the source can be loaded."""
        return []

    def fetch(self, directory: Path) -> None:
        """Download the data set into the directory.

        Raises
        ------
        DataError
            This source has nothing to download, or the download failed.
        """
        from dcgraph.errors import DataError

        message = f"source '{self.type}' has nothing to download"
        raise DataError(message)
