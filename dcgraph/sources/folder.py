"""Images of one's own as files in folders, one folder for each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.source import SourceInfo, Split, SplitName
from dcgraph.errors import DataError
from dcgraph.signal import Shape
from dcgraph.sources.every_fifth import every_fifth_streamed
from dcgraph.sources.own import OwnFiles
from dcgraph.spec import Size

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
MODES = {"grey": "L", "rgb": "RGB"}


class Folder(OwnFiles):
    """Image files in subfolders; their names in alphabetical order are labels 0, 1, 2, ...

    Attributes
    ----------
    train, test : str
        Folders. Where there are no subfolders, images have no labels.
    colour : {"grey", "rgb"}
        What images are converted to.
    size : (h, w), int or None
        What images are resized to; None: they must all be of one size.
    """

    type: ClassVar[str] = "folder"
    info: ClassVar[SourceInfo] = SourceInfo("image files of your own, a subfolder for each class")

    colour: Literal["grey", "rgb"] = "grey"
    size: Size | None = None

    def load(self, split: SplitName, directory: Path | None) -> Split:
        path = self.located(split, directory)
        found = self._open(path)
        return found if self.test is not None else every_fifth_streamed(found, split)

    def _kind(self) -> str:
        return "folder"

    def _is_there(self, path: Path) -> bool:
        return path.is_dir()

    def _open(self, path: Path) -> FolderSplit:
        classes = sorted(each for each in path.iterdir() if each.is_dir())
        files: list[Path] = []
        labels: list[int] = []
        for label, folder in enumerate(classes or [path]):
            found = sorted(each for each in folder.iterdir() if each.suffix.lower() in SUFFIXES)
            if not found and classes:
                message = f"holds no image files ({' '.join(SUFFIXES)}): remove the folder"
                raise DataError(message, file=folder)
            files += found
            labels += [label] * len(found)
        if not files:
            message = f"holds neither image files ({' '.join(SUFFIXES)}) nor folders of them"
            raise DataError(message, file=path)
        mode = MODES[self.colour]
        size = self.size or _read(files[0], mode, None).shape[:2]
        return FolderSplit(
            files,
            np.array(labels) if classes else None,
            (*size, 1 if mode == "L" else 3),
            mode,
            resize=self.size is not None,
        )


@dataclass(frozen=True)
class FolderSplit:
    """A `Split` over image files, each read when it is asked for.

    Attributes
    ----------
    files : sequence of Path
    labels : integer array of shape (n,), or None
    shape : (h, w, c)
    mode : str
        Pillow's.
    resize : bool
        Whether images may have other sizes.
    """

    files: Sequence[Path]
    labels: NDArray[np.int64] | None
    shape: Shape
    mode: str
    resize: bool

    def __len__(self) -> int:
        return len(self.files)

    def read(self, indices: NDArray[np.integer]) -> NDArray[Any]:
        images = np.empty((len(indices), *self.shape), np.float32)
        size = self.shape[:2] if self.resize else None
        for out, index in zip(images, indices, strict=True):
            path = self.files[int(index)]
            pixels = _read(path, self.mode, size)
            if pixels.shape != self.shape:
                message = (
                    f"is {pixels.shape[0]}x{pixels.shape[1]}, the first image is {self.shape[0]}x"
                    f"{self.shape[1]}: set data.size to resize them all"
                )
                raise DataError(message, file=path, field="data.size")
            out[...] = pixels
        images *= np.float32(1 / 255)
        return images

    def digest(self) -> str:
        """Return a fingerprint of the files' names, sizes and labels, and of how they are read."""
        digest = sha256(f"{self.shape}{self.mode}{self.resize}".encode())
        for path in self.files:
            digest.update(f"{path.parent.name}/{path.name}:{path.stat().st_size}\n".encode())
        return digest.hexdigest()


def _read(path: Path, mode: str, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Return an image as (h, w, c) bytes.

    Raises
    ------
    DataError
        It cannot be read.
    """
    import warnings

    from PIL import Image, UnidentifiedImageError

    try:
        # a picture so large that Pillow warns of it is no training image
        with (
            warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning),
            Image.open(path) as image,
        ):
            converted = image.convert(mode)
    except (
        OSError,
        SyntaxError,
        ValueError,
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        message = f"cannot be read as an image: {' '.join(str(error).split()):.200}"
        raise DataError(message, file=path) from error
    if size is not None:
        converted = converted.resize(size[::-1], Image.Resampling.BILINEAR, reducing_gap=3.0)
    pixels = np.asarray(converted)
    return pixels[..., None] if pixels.ndim == 2 else pixels
