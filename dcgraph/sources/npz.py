"""Images of one's own, in NumPy's npz files."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from dcgraph.contracts.source import ArraySplit, SourceInfo, SplitName
from dcgraph.sources.arrays import read_arrays
from dcgraph.sources.checks import checked_images, checked_labels
from dcgraph.sources.every_fifth import every_fifth
from dcgraph.sources.own import OwnArrays, channels_last


class Npz(OwnArrays):
    """Arrays of images and of labels in npz files, which are held in memory."""

    type: ClassVar[str] = "npz"
    info: ClassVar[SourceInfo] = SourceInfo("images and labels of your own, in npz files")

    def load(self, split: SplitName, directory: Path | None) -> ArraySplit:
        found = self._read(self.located(split, directory))
        return found if self.test is not None else every_fifth(found, split)

    def _read(self, path: Path) -> ArraySplit:
        arrays = read_arrays(path, (self.images, self.labels), optional=self.optional)
        stored = channels_last(arrays[self.images], self.layout)
        images = checked_images(stored, path, field="data.images")
        scaling = self.scaling(images.dtype)
        scaling.check(images, path)
        labels = arrays.get(self.labels)
        if labels is not None:
            labels = checked_labels(labels, len(images), path, field="data.labels")
        return ArraySplit(images, labels, scaling.scale, scaling.low)
