"""What a page is about: a model, and test images it has looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.data.batches import ordered_batches
from dcgraph.data.dataset import Subset
from dcgraph.errors import DataError, RequestError
from dcgraph.model import Model
from dcgraph.pictures.pixels import as_pixels
from dcgraph.plugin.manager import Plugins
from dcgraph.rng import stream
from dcgraph.storage.record import ModelRecord

BLOCK = 500  # images in memory at a time


@dataclass(frozen=True)
class Wanted:
    """How much a page shows.

    Attributes
    ----------
    samples : int
        Images to draw.
    images : int
        Test images to look at, at most.
    seed : int
        Of the samples, and of which test images are looked at.
    """

    samples: int = 64
    images: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Examined:
    """Test images that are looked at.

    Attributes
    ----------
    subset : Subset
        Those that are looked at.
    total : int
        How many test images there are.
    """

    subset: Subset
    total: int

    @classmethod
    def of(cls, test: Subset, wanted: Wanted) -> Examined:
        """Return some of the test images, in their order, drawn by the seed."""
        if len(test) <= wanted.images:
            return cls(test, len(test))
        rng = stream(wanted.seed, "report", "test images")
        places = rng.choice(len(test), wanted.images, replace=False, shuffle=False)
        return cls(test.take(np.sort(places)), len(test))

    @property
    def labels(self) -> NDArray[Any] | None:
        """Labels, (n,), where the data has any."""
        return self.subset.labels

    @property
    def outlier(self) -> NDArray[np.bool_] | None:
        """Outlier flags, (n,), where there are both outliers and inliers; else None."""
        flags = self.subset.outlier
        return None if flags is None or flags.all() or not flags.any() else flags

    def caption(self, index: int) -> str:
        """Return the words for an image: where it stands in the test split, and its label."""
        place = f"test image {self.subset.chosen[index]}"
        return place if self.labels is None else f"{place}, label {self.labels[index]}"


@dataclass(frozen=True)
class Subject:
    """What a page is about.

    Attributes
    ----------
    model : Model
    plugins : Plugins
        Whose metrics are measured.
    wanted : Wanted
    examined : Examined or str
        Test images; or, where there are none, why, and what helps.
    """

    model: Model
    plugins: Plugins
    wanted: Wanted
    examined: Examined | str

    @property
    def record(self) -> ModelRecord:
        """All that the model's file holds."""
        return self.model.record

    @property
    def images(self) -> Examined:
        """The test images.

        Raises
        ------
        DataError
            There are none.
        """
        if isinstance(self.examined, str):
            message = f"There are no test images to look at: {self.examined}"
            raise DataError(message)
        return self.examined

    @property
    def main(self) -> str:
        """The node whose log-likelihood ranks images: the topmost, of several the last.

        Raises
        ------
        RequestError
            No node has a log-likelihood.
        """
        density = self.record.graph.density_nodes
        if not density:
            message = "No node of this graph has a log-likelihood: it has no gmm node."
            raise RequestError(message)
        return density[-1]

    @cached_property
    def scores(self) -> dict[str, NDArray[Any]]:
        """The log-likelihood of each test image at each density node, (n,), in nats."""
        found: dict[str, list[NDArray[Any]]] = {
            name: [] for name in self.record.graph.density_nodes
        }
        for images in self._blocks():
            for name, maps in self.model.log_likelihood_maps(images).items():
                found[name].append(maps.mean(axis=(1, 2), dtype=np.float64))
        return {name: np.concatenate(parts) for name, parts in found.items()}

    @cached_property
    def predictions(self) -> NDArray[np.int64]:
        """The most probable class of each test image, (n,).

        Raises
        ------
        RequestError
            The graph has no classifier, or several.
        """
        return np.concatenate([self.model.predict(images) for images in self._blocks()])

    def _blocks(self) -> Iterator[NDArray[Any]]:
        for batch in ordered_batches(self.images.subset, BLOCK):
            yield batch.images

    def pixels(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return images of the model as pictures show them."""
        return as_pixels(images, self.record.pixel_range)
