"""Images of one's own, in NumPy's npz files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from dcgraph.contracts.source import ArraySplit, Source, SourceInfo, SplitName
from dcgraph.errors import DataMissingError
from dcgraph.sources.arrays import read_arrays
from dcgraph.sources.checks import checked_images, checked_labels
from dcgraph.sources.every_fifth import every_fifth

LABELS = "labels"


class Npz(Source):
    """Arrays of images (n, h, w, c) or (n, h, w) and of labels (n,) in npz files.

    Attributes
    ----------
    train : str
        Path of the training file, from the working directory or the data directory.
    test : str or None
        Path of the test file; None: every fifth image of the training file is a test image.
    images : str
        Name of the array of images.
    labels : str
        Name of the array of labels; one that is called "labels" may be missing.
    scale : float or None
        What pixels are multiplied by; None: 1/255 for uint8, 1 for floats.
    """

    type: ClassVar[str] = "npz"
    info: ClassVar[SourceInfo] = SourceInfo("images and labels of your own, in npz files")

    train: str
    test: str | None = None
    images: str = "images"
    labels: str = LABELS
    scale: Annotated[float, Field(gt=0)] | None = None

    def missing(self, directory: Path | None) -> list[str]:
        names = [name for name in (self.train, self.test) if name is not None]
        return [name for name in names if _find(name, directory) is None]

    def load(self, split: SplitName, directory: Path | None) -> ArraySplit:
        field: SplitName = "train" if self.test is None else split
        name = self.train if self.test is None or split == "train" else self.test
        path = _find(name, directory)
        if path is None:
            message = (
                f"there is no file '{name}' in {Path.cwd()}"
                f"{'' if directory is None else f' nor in {directory}'}: correct the path, or name "
                "the data directory by --data-dir or DCGRAPH_DATA"
            )
            raise DataMissingError(message, field=f"data.{field}")
        found = self._read(path)
        return found if self.test is not None else every_fifth(found, split)

    def _read(self, path: Path) -> ArraySplit:
        # A default that is not there is no labels; a name that was given is to be found.
        optional = () if self.images == LABELS else (LABELS,)
        arrays = read_arrays(path, (self.images, self.labels), optional=optional)
        images = checked_images(arrays[self.images], path, field="data.images")
        labels = arrays.get(self.labels)
        if labels is not None:
            labels = checked_labels(labels, len(images), path, field="data.labels")
        default = 1 / 255 if images.dtype == np.uint8 else 1.0
        return ArraySplit(images, labels, default if self.scale is None else self.scale)


def _find(name: str, directory: Path | None) -> Path | None:
    path = Path(name).expanduser()
    paths = [path] if directory is None else [path, directory / path]
    return next((path for path in paths if path.is_file()), None)
