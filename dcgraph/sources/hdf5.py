"""Images of one's own in HDF5 files, read while they are used: they need not fit in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dcgraph.contracts.source import SourceInfo, Split, SplitName
from dcgraph.errors import DataError
from dcgraph.sources.checks import checked_images, integer_labels
from dcgraph.sources.every_fifth import every_fifth_streamed
from dcgraph.sources.own import OwnArrays, channels_last, sample_axis
from dcgraph.sources.streamed import StreamedSplit, block_rows

TEST_SHARE = 8  # test images are read in order, which takes a fraction of the buffer


class Hdf5(OwnArrays):
    """Datasets of images and of labels in HDF5 files, which are streamed.

    Attributes
    ----------
    buffer : float
        Megabytes of images that are held at once; the more, the better they are shuffled.
    """

    type: ClassVar[str] = "hdf5"
    info: ClassVar[SourceInfo] = SourceInfo(
        "images and labels of your own, in HDF5 files of any size, which are streamed"
    )

    buffer: Annotated[float, Field(gt=0)] = 256.0

    def load(self, split: SplitName, directory: Path | None) -> Split:
        path = self.located(split, directory)
        share = 1 if split == "train" else TEST_SHARE
        found = self._open(path, int(self.buffer * 2**20 / share))
        return found if self.test is not None else every_fifth_streamed(found, split)

    def _open(self, path: Path, buffer: int) -> StreamedSplit:
        import h5py

        try:
            file = h5py.File(path, "r")
            images = self._dataset(file, self.images, path, "data.images")
            labels = None
            if self.labels in file or self.labels not in self.optional:
                labels = self._dataset(file, self.labels, path, "data.labels")[()]
            first = channels_last(_rows(images, self.layout, 0, 1), self.layout)
        except (OSError, RuntimeError, ValueError) as error:
            message = f"cannot be read as an HDF5 file: {' '.join(str(error).split()):.200}"
            raise DataError(message, file=path) from error
        like = checked_images(first, path, field="data.images")
        n = images.shape[sample_axis(self.layout, images.ndim)]
        if labels is not None:
            labels = integer_labels(np.asarray(labels), n, path, field="data.labels")
            labels = labels.astype(np.min_scalar_type(int(labels.max())), copy=False)
        rows = block_rows(like[0].nbytes, _chunk_rows(images, self.layout), buffer)
        if rows is None:
            message = (
                f"its chunks of {_chunk_bytes(images) / 2**20:.3g} MB are too large for a buffer "
                f"of {buffer / 2**20:.3g} MB: raise data.buffer, or write the file with chunks of "
                "a few images"
            )
            raise DataError(message, file=path, field="data.buffer")

        def read(start: int, stop: int) -> NDArray[Any]:
            stored = channels_last(_rows(images, self.layout, start, stop), self.layout)
            return stored[..., None] if stored.ndim == 3 else stored

        return StreamedSplit(
            path=path,
            n=n,
            image=like.shape[1:],
            dtype=like.dtype,
            labels=labels,
            scaling=self.scaling(like.dtype),
            rows=rows,
            buffer=buffer,
            read_block=read,
        )

    def _dataset(self, file: Any, name: str, path: Path, field: str) -> Any:
        import h5py

        found = file.get(name)
        if isinstance(found, h5py.Dataset):
            return found
        held = [key for key in file if isinstance(file.get(key), h5py.Dataset)]
        message = f"has no dataset '{name}' (it has: {', '.join(held[:20]) or 'none'})"
        raise DataError(message, file=path, field=field)


def _rows(images: Any, layout: Any, start: int, stop: int) -> NDArray[Any]:
    """Return stored images ``start:stop``, in their layout."""
    if images.ndim not in (3, 4) or not images.size:
        return np.broadcast_to(np.zeros((), np.uint8), images.shape)  # of a shape to be refused
    chosen = [slice(None)] * images.ndim
    chosen[sample_axis(layout, images.ndim)] = slice(start, stop)
    stored: NDArray[Any] = images[tuple(chosen)]
    return stored


def _chunk_rows(images: Any, layout: Any) -> int:
    """Return how many images a chunk holds; 1 where there are no chunks."""
    return 1 if images.chunks is None else int(images.chunks[sample_axis(layout, images.ndim)])


def _chunk_bytes(images: Any) -> int:
    return int(np.prod(images.chunks)) * images.dtype.itemsize if images.chunks else 0
