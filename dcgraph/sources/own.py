"""What sources of a user's own files share: where the files are, and what their arrays mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from dcgraph.contracts.source import Source, SplitName
from dcgraph.errors import DataMissingError
from dcgraph.sources.scaling import Scaling

LABELS = "labels"
Layout = Literal["nhwc", "nchw", "hwcn"]


class OwnFiles(Source):
    """Images in a file (or folder) for training, and in another one for testing.

    Attributes
    ----------
    train : str
        Path of the training images, from the working directory or the data directory.
    test : str or None
        Path of the test images; None: every fifth training image is a test image.
    """

    train: str
    test: str | None = None

    def missing(self, directory: Path | None) -> list[str]:
        names = [name for name in (self.train, self.test) if name is not None]
        return [name for name in names if self._find(name, directory) is None]

    def located(self, split: SplitName, directory: Path | None) -> Path:
        """Return where the images of a split are.

        Raises
        ------
        DataMissingError
        """
        field: SplitName = "train" if self.test is None else split
        name = self.train if self.test is None or split == "train" else self.test
        path = self._find(name, directory)
        if path is None:
            message = (
                f"there is no {self._kind()} '{name}' in {Path.cwd()}"
                f"{'' if directory is None else f' nor in {directory}'}: correct the path, or name "
                "the data directory by --data-dir or DCGRAPH_DATA"
            )
            raise DataMissingError(message, field=f"data.{field}")
        return path

    def _kind(self) -> str:
        return "file"

    def _is_there(self, path: Path) -> bool:
        return path.is_file()

    def _find(self, name: str, directory: Path | None) -> Path | None:
        path = Path(name).expanduser()
        paths = [path] if directory is None else [path, directory / path]
        return next((path for path in paths if self._is_there(path)), None)


class OwnArrays(OwnFiles):
    """Arrays of images and of labels (n,), by name.

    Attributes
    ----------
    images : str
        Name of the array of images.
    labels : str
        Name of the array of labels; one that is called "labels" may be missing.
    layout : {"nhwc", "nchw", "hwcn"}
        The order of the axes of images; grey ones may lack c.
    range : (float, float) or None
        Smallest and largest number a pixel may have, which become 0 and 1; checked. None: uint8
        are from 0 to 255, floats about from 0 to 1.
    scale : float or None
        What pixels are multiplied by, whatever they are; in place of `range`.
    """

    images: str = "images"
    labels: str = LABELS
    layout: Layout = "nhwc"
    range: tuple[float, float] | None = None
    scale: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.range is not None and self.scale is not None:
            message = "give either a range or a scale, not both"
            raise ValueError(message)
        if self.range is not None and not self.range[0] < self.range[1]:
            message = f"the range must ascend, received {list(self.range)}"
            raise ValueError(message)
        return self

    @property
    def optional(self) -> tuple[str, ...]:
        """Names of arrays that may be missing: a default that is not there is no labels."""
        return () if self.images == LABELS else (LABELS,)

    def scaling(self, dtype: np.dtype[Any]) -> Scaling:
        """Return how images of a dtype come to about [0, 1]."""
        return Scaling.of(dtype, self.scale, self.range)


def sample_axis(layout: Layout, ndim: int) -> int:
    """Return the axis that counts images."""
    return 0 if layout.startswith("n") else ndim - 1


def channels_last(images: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Return a view (n, h, w, c) of images in a layout; (n, h, w) of grey ones without c.

    What has another number of axes is returned as it is, for others to refuse.
    """
    if images.ndim not in (3, 4) or layout == "nhwc":
        return images
    if layout == "nchw":
        return images if images.ndim == 3 else images.transpose(0, 2, 3, 1)
    return np.moveaxis(images, -1, 0)
