"""What MNIST and its kin share: four IDX files in a folder of the data directory."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from dcgraph.contracts.source import ArraySplit, Source, SourceInfo, SplitName
from dcgraph.errors import DataMissingError
from dcgraph.sources.checks import checked_images, checked_labels
from dcgraph.sources.download import download
from dcgraph.sources.idx import read_idx

Kind = Literal["images", "labels"]

PREFIX: dict[SplitName, str] = {"train": "train", "test": "t10k"}
DIMENSIONS: dict[Kind, int] = {"images": 3, "labels": 1}
# As published; and as some tools name them, with a dot for a hyphen.
ENDINGS = ("-ubyte.gz", "-ubyte")
MARKS = ("-", ".")


class IdxImages(Source):
    """Images and labels in IDX files; subclasses name the data set and where it can be had.

    Attributes
    ----------
    mirrors : tuple of str
        Addresses of folders that hold the gzipped files.
    checksums : dict of str to str
        SHA-256 of each file there.
    """

    info: ClassVar[SourceInfo]
    mirrors: ClassVar[tuple[str, ...]]
    checksums: ClassVar[dict[str, str]]

    def missing(self, directory: Path | None) -> list[str]:
        if directory is None:
            return [self.type]
        return [
            str(directory / self.type / _names(split, kind)[0])
            for split in PREFIX
            for kind in DIMENSIONS
            if self._find(directory, split, kind) is None
        ]

    def load(self, split: SplitName, directory: Path | None) -> ArraySplit:
        image_path = self._located(directory, split, "images")
        label_path = self._located(directory, split, "labels")
        images = read_idx(image_path, DIMENSIONS["images"])
        labels = read_idx(label_path, DIMENSIONS["labels"])
        pixels = checked_images(images, image_path, shape=self.info.shape)
        classes = checked_labels(labels, len(pixels), label_path, classes=self.info.classes)
        return ArraySplit(pixels, classes, scale=1 / 255)

    def fetch(self, directory: Path) -> None:
        """Download the files that are not there; those that are there stay as they are."""
        names = [Path(path).name for path in self.missing(directory)]
        folder = directory / self.type
        download(names, folder, mirrors=self.mirrors, checksums=self.checksums)

    def _find(self, directory: Path, split: SplitName, kind: Kind) -> Path | None:
        paths = [directory / self.type / name for name in _names(split, kind)]
        return next((path for path in paths if path.is_file()), None)

    def _located(self, directory: Path | None, split: SplitName, kind: Kind) -> Path:
        found = None if directory is None else self._find(directory, split, kind)
        if found is None:
            name = _names(split, kind)[0]
            folder = f"'{self.type}' in the data directory"
            message = (
                f"data set '{self.type}' is not here: there is no {name} in "
                f"{folder if directory is None else directory / self.type}; download it by "
                f"`dcgraph data fetch {self.type}`, or put its four IDX files there (--data-dir or "
                "DCGRAPH_DATA name another data directory)"
            )
            raise DataMissingError(message)
        return found


def _names(split: SplitName, kind: Kind) -> list[str]:
    """Return the names a file may have, the published one first."""
    idx = f"idx{DIMENSIONS[kind]}"
    return [f"{PREFIX[split]}-{kind}{mark}{idx}{end}" for mark in MARKS for end in ENDINGS]
