"""Street View House Numbers, from npz files or the official Matlab files."""

from __future__ import annotations

from hashlib import file_digest
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.source import ArraySplit, Source, SourceInfo, SplitName
from dcgraph.errors import DataError, DataMissingError
from dcgraph.sources.arrays import read_arrays
from dcgraph.sources.checks import checked_images, checked_labels
from dcgraph.sources.download import download

SPLITS: tuple[SplitName, ...] = ("train", "test")
ENDINGS = (".npz", "_32x32.mat")


class Svhn(Source):
    """House numbers, 32x32 in colour; digit 0 has label 0."""

    type: ClassVar[str] = "svhn"
    info: ClassVar[SourceInfo] = SourceInfo(
        "house numbers, 32x32 in colour (Netzer et al., 2011)",
        (32, 32, 3),
        10,
        "non-commercial research",
    )
    mirrors: ClassVar[tuple[str, ...]] = ("http://ufldl.stanford.edu/housenumbers/",)
    checksums: ClassVar[dict[str, str]] = {
        "train_32x32.mat": "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
        "test_32x32.mat": "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
    }

    def missing(self, directory: Path | None) -> list[str]:
        if directory is None:
            return [self.type]
        return [
            str(directory / self.type / f"{split}_32x32.mat")
            for split in SPLITS
            if self._find(directory, split) is None
        ]

    def load(self, split: SplitName, directory: Path | None) -> ArraySplit:
        found = None if directory is None else self._find(directory, split)
        if found is None:
            folder = f"'{self.type}' in the data directory"
            message = (
                f"data set 'svhn' is not here: there is no {split}_32x32.mat and no {split}.npz in "
                f"{folder if directory is None else directory / self.type}; download it by "
                "`dcgraph data fetch svhn`, or put one of these files there (--data-dir or "
                "DCGRAPH_DATA name another data directory)"
            )
            raise DataMissingError(message)
        if found.suffix == ".npz":
            arrays = read_arrays(found, ("images", "labels"))
            images, labels = arrays["images"], arrays["labels"]
        else:
            images, labels = _read_mat(found, self.checksums[found.name])
        pixels = checked_images(images, found, shape=self.info.shape)
        if pixels.dtype != np.uint8:
            message = f"images must be uint8, received {pixels.dtype}"
            raise DataError(message, file=found)
        classes = checked_labels(labels, len(pixels), found, classes=self.info.classes)
        return ArraySplit(pixels, classes, scale=1 / 255)

    def fetch(self, directory: Path) -> None:
        """Download the official files that are not there, 246 MB in all."""
        names = [Path(path).name for path in self.missing(directory)]
        folder = directory / self.type
        download(names, folder, mirrors=self.mirrors, checksums=self.checksums)

    def _find(self, directory: Path, split: SplitName) -> Path | None:
        paths = [directory / self.type / (split + ending) for ending in ENDINGS]
        return next((path for path in paths if path.is_file()), None)


def _read_mat(path: Path, checksum: str) -> tuple[NDArray[Any], NDArray[Any]]:
    from scipy.io import loadmat

    # SciPy's reader may crash the process on a damaged file, so that only the true one is opened.
    with path.open("rb") as file:
        received = file_digest(file, "sha256").hexdigest()
    if received != checksum:
        message = (
            "is damaged or not the official file, for its SHA-256 is another: delete it and run "
            "`dcgraph data fetch svhn`; crops of your own can be given as an npz file"
        )
        raise DataError(message, file=path)
    content = loadmat(path, variable_names=("X", "y"))
    images, labels = content["X"].transpose(3, 0, 1, 2), content["y"]  # there, an image is a column
    return images, np.where(labels == 10, 0, labels)  # there, digit 0 has label 10
