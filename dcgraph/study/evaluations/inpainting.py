"""Images whose half is missing, completed by each model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dcgraph.data.batches import ordered_batches
from dcgraph.data.dataset import Subset
from dcgraph.inference.masks import Side, half_mask
from dcgraph.pictures.captions import captioned
from dcgraph.pictures.grid import Picture
from dcgraph.pictures.pixels import as_pixels
from dcgraph.spec import Positive
from dcgraph.study.evaluations.base import (
    Evaluation,
    Finding,
    Measured,
    Subject,
    Values,
    images_of,
    stem,
)
from dcgraph.study.evaluations.panels import as_bytes, grid_of

BLOCK = 1000
Fill = float | Literal["integrate"]


class Inpainting(Evaluation):
    """Held-out inliers with one half missing.

    Values: ``in-painting: error``, the root mean squared difference of the missing pixels over `n`
    images, for each way to treat them; beside it that of the mean training image, and of the
    training image that is nearest in the known pixels.

    Attributes
    ----------
    missing : {"left", "right", "top", "bottom"}
    fills : tuple of float or "integrate"
        What missing pixels go up as (the paper: 0), or whether they are integrated out.
    n, shown : int
        Images that are completed, and shown.
    """

    type = "inpainting"

    missing: Side = "right"
    fills: Annotated[tuple[Fill, ...], Field(min_length=1)] = (0.0, "integrate")
    n: Positive = 200
    shown: Positive = 16

    def measure(self, subject: Subject) -> Measured:
        model = subject.model
        images = images_of(_inliers(subject.held_out(), self.n))
        known = half_mask(model.graph[model.graph.entry].shape, self.missing)
        average, nearest = _trivial(subject.dataset.train, images, known)
        hidden = np.where(known[..., None], images, np.nan)
        rows = {"image": images, "known": hidden, "nearest": nearest}
        values: Values = {model.graph.topmost(): {}}
        for fill in self.fills:
            way, unknown = _way(fill)
            completed = model.inpaint(images, known, fill=unknown)
            rows[way] = completed
            error = _error(completed[:, ~known], images[:, ~known])
            values[model.graph.topmost()][f"in-painting: error, {way}"] = error
            for node, answer in (("mean image", average), ("nearest image", nearest)):
                trivial = np.broadcast_to(answer, images.shape)
                error = _error(trivial[:, ~known], images[:, ~known])
                values.setdefault(node, {})[f"in-painting: error, {way}"] = error
        arrays = {
            name: as_bytes(as_pixels(each[: self.shown], model.record.pixel_range))
            for name, each in rows.items()
        }
        return Measured(values, arrays)

    def draw(self, found: Sequence[Finding]) -> Iterator[tuple[str, Picture]]:
        for column in dict.fromkeys(each.column for each in found):
            here = [each for each in found if each.column == column]
            first = here[0].arrays
            rows = {"image": first["image"], "known": first["known"]}
            for each in here:
                ways = [_way(fill)[0] for fill in self.fills]
                rows |= {f"{each.graph}, {way}": each.arrays[way] for way in ways}
            rows |= {"nearest training image": first["nearest"]}
            grid = grid_of(np.concatenate(list(rows.values())), len(first["image"]))
            yield stem("inpainting", column), captioned(grid, rows=list(rows))


def _way(fill: Fill) -> tuple[str, float | None]:
    """Return how a way to treat missing pixels is called, and what `Model.inpaint` calls it."""
    return ("integrated", None) if fill == "integrate" else (f"filled with {fill:g}", fill)


def _inliers(subset: Subset, n: int) -> Subset:
    outlier = subset.outlier
    places = np.arange(len(subset)) if outlier is None else np.flatnonzero(~outlier)
    return subset.take(places[:n])


def _trivial(
    train: Subset, images: NDArray[Any], known: NDArray[np.bool_]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the mean training image, and for each image the nearest in its known pixels."""
    total = np.zeros(images.shape[1:])
    wanted = images[:, known].reshape(len(images), -1).astype(np.float64)
    best = np.full(len(images), np.inf)
    nearest = np.zeros_like(images)
    for batch in ordered_batches(train, BLOCK):
        total += batch.images.sum(axis=0, dtype=np.float64)
        others = batch.images[:, known].reshape(len(batch.images), -1).astype(np.float64)
        # squared distances, less what is the same for all training images
        distances = np.square(others).sum(axis=1) - 2 * wanted @ others.T
        winners = distances.argmin(axis=1)
        found = distances[np.arange(len(images)), winners]
        nearer = found < best
        best[nearer] = found[nearer]
        nearest[nearer] = batch.images[winners[nearer]]
    return total / len(train), nearest


def _error(answer: NDArray[Any], truth: NDArray[Any]) -> float:
    return float(np.sqrt(np.square(np.clip(answer, 0, 1) - truth).mean(dtype=np.float64)))
