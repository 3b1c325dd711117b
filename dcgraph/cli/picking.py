"""Which images a command looks at: some of a data source, or those of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options
from dcgraph.cli.session import Session
from dcgraph.errors import DataError, RequestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dcgraph.data.dataset import Dataset, Subset
    from dcgraph.graph.graph import Graph
    from dcgraph.plugin.manager import Plugins

image_file = click.option(
    "--images",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take images from this .npz or .npy file instead; NaN pixels are unknown.",
)
split = click.option(
    "--split",
    type=click.Choice(["test", "train"]),
    default="test",
    show_default=True,
    help="Which images of the data.",
)
some = options.several(
    options.source,
    split,
    image_file,
    click.option("--index", help="Take these images: 3 or 0,7,20..29.  [default: the first ones]"),
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        default=8,
        show_default=True,
        help="Take so many images, where --index names none.",
    ),
    options.data_dir,
)


@dataclass(frozen=True)
class Picked:
    """Images to look at.

    Attributes
    ----------
    images : array of shape (n, h, w, c) or (n, h, w)
    places : integer array of shape (n,)
        Where they stand in what they were taken from.
    labels : integer array of shape (n,) or None
    outlier : boolean array of shape (n,) or None
        Whether each counts as an outlier; None where there are no labels.
    """

    images: NDArray[Any]
    places: NDArray[Any]
    labels: NDArray[Any] | None = None
    outlier: NDArray[Any] | None = None

    def captions(self) -> list[str]:
        """Return a word for each image: its place, and its label where it has one."""
        if self.labels is None:
            return [str(place) for place in self.places]
        return [f"{place}: {label}" for place, label in zip(self.places, self.labels, strict=True)]


@dataclass(frozen=True)
class Choice:
    """What was typed to choose images by; see the options of `some`."""

    source: str | None = None
    split: str = "test"
    file: Path | None = None
    index: str | None = None
    limit: int | None = None
    data_dir: Path | None = None

    def pick(
        self, session: Session, model: Path, graph: Graph, settings: Sequence[str], plugins: Plugins
    ) -> Picked:
        """Return the images, all at once.

        Parameters
        ----------
        settings : sequence of str
            What ``--set`` changes of the data.

        Raises
        ------
        RequestError, DataError
        """
        (picked,) = self.blocks(session, model, graph, settings, plugins, None)
        return picked

    def blocks(
        self,
        session: Session,
        model: Path,
        graph: Graph,
        settings: Sequence[str],
        plugins: Plugins,
        size: int | None,
    ) -> Iterator[Picked]:
        """Return an iterator over the images, at most `size` at a time.

        Raises
        ------
        RequestError, DataError
        """
        if self.file is not None and self.source is not None:
            message = "--images and --data both say where images come from: give one of them"
            raise RequestError(message)
        if self.file is not None:
            return self._of_file(self.file, graph, size)
        return self._of_data(self.dataset(session, model, graph, settings, plugins), size)

    def dataset(
        self, session: Session, model: Path, graph: Graph, settings: Sequence[str], plugins: Plugins
    ) -> Dataset:
        """Return the data that is meant: the model's own, unless something else was asked for."""
        from dcgraph.cli.opening import open_data, open_graph

        if self.source is not None or settings:
            graph = open_graph(
                session, model, plugins=plugins, settings=settings, source=self.source
            )
        return open_data(graph, self.data_dir)

    def _of_file(self, file: Path, graph: Graph, size: int | None) -> Iterator[Picked]:
        import numpy as np

        images, labels = read_images(file)
        outliers = () if graph.data is None else graph.data.outliers
        outlier = None if labels is None else np.isin(labels, outliers)
        for places in self._places(len(images), size):
            chosen = [None if each is None else each[places] for each in (labels, outlier)]
            yield Picked(images[places], places, *chosen)

    def _of_data(self, dataset: Dataset, size: int | None) -> Iterator[Picked]:
        subset = subset_of(dataset, self.split)
        for places in self._places(len(subset), size):
            chosen = [
                None if each is None else each[places] for each in (subset.labels, subset.outlier)
            ]
            yield Picked(subset.read(places), places, *chosen)

    def _places(self, n: int, size: int | None) -> Iterator[NDArray[Any]]:
        import numpy as np

        places = np.arange(n if self.limit is None else min(n, self.limit))
        if self.index is not None:
            places = np.asarray(numbers(self.index, "--index"))
            if places.max() >= n:
                message = f"there is no image {places.max()}: images run from 0 to {n - 1}"
                raise RequestError(message, field="--index")
        for first in range(0, len(places), size or len(places)):
            yield places[first : first + (size or len(places))]


def subset_of(dataset: Dataset, split: str) -> Subset:
    """Return a split of the data.

    Raises
    ------
    DataError
        It has no such split.
    """
    chosen = dataset.train if split == "train" else dataset.test
    if chosen is None:
        message = "the data has no test images: give --split train"
        raise DataError(message)
    return chosen


def read_images(path: Path) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return the array 'images' of an .npz file, and 'labels' where it has them; or an .npy array.

    Raises
    ------
    DataError, RequestError
        The file cannot be read; its name has another ending; it has other labels than images.
    """
    from dcgraph.sources.arrays import read_arrays

    if path.suffix.lower() == ".npy":
        return read_array(path), None
    if path.suffix.lower() != ".npz":
        message = "images are read from .npz and .npy files"
        raise RequestError(message, file=path)
    arrays = read_arrays(path, ("images", "labels"), optional=("labels",))
    images, labels = arrays["images"], arrays.get("labels")
    if images.ndim < 3 or not len(images):
        message = f"'images' must have the shape (n, h, w, c) or (n, h, w), not {images.shape}"
        raise DataError(message, file=path)
    if labels is not None and (labels.shape != images.shape[:1] or labels.dtype.kind not in "iu"):
        message = (
            f"'labels' must be {len(images)} integers, one for each image; it is {labels.dtype} "
            f"of shape {labels.shape}"
        )
        raise DataError(message, file=path)
    return images, labels


def read_array(path: Path) -> NDArray[Any]:
    """Return the array of an .npy file.

    Raises
    ------
    DataError
        It is damaged, holds Python objects, or is no array.
    """
    import numpy as np

    from dcgraph.sources.arrays import DAMAGE

    try:
        with path.open("rb") as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except (*DAMAGE, MemoryError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        message = f"cannot be read as an .npy file: {reason}"
        raise DataError(message, file=path) from error


def numbers(text: str, option: str) -> list[int]:
    """Return the numbers that ``3``, ``0,7`` or ``20..29`` stand for, both ends included.

    Raises
    ------
    RequestError
    """
    found: list[int] = []
    for part in text.split(","):
        first, dots, last = (piece.strip() for piece in part.partition(".."))
        ends = (first, last) if dots else (first, first)
        if not all(end.isdecimal() for end in ends) or int(ends[0]) > int(ends[1]):
            message = f"expected numbers such as 3, 0,7 or 20..29, received {text!r}"
            raise RequestError(message, field=option)
        found += range(int(ends[0]), int(ends[1]) + 1)
    return found
