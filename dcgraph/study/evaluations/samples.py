"""Samples of the models, and whether they are new and diverse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dcgraph.data.batches import ordered_batches
from dcgraph.inference.quality import diversity, nearest_images
from dcgraph.pictures.grid import Picture
from dcgraph.pictures.pixels import as_pixels
from dcgraph.spec import Positive
from dcgraph.study.evaluations.base import Evaluation, Finding, Measured, Subject, images_of, stem
from dcgraph.study.evaluations.panels import as_bytes, grid_of, panels

BLOCK = 1000


class Samples(Evaluation):
    """Images drawn from the topmost mixture.

    Values: ``samples: nearest training image``, the mean distance to it (root mean squared pixel;
    copies would be 0 away), and ``samples: diversity``, the mean distance of two samples, beside
    that of as many training images.

    Attributes
    ----------
    n : int
        Samples that are measured.
    shown, columns : int
        Samples in the picture, and its columns.
    """

    type = "samples"

    n: Positive = 100
    shown: Positive = 50
    columns: Positive = 10

    def measure(self, subject: Subject) -> Measured:
        model, train = subject.model, subject.dataset.train
        samples = subject.samples(self.n)
        blocks = (batch.images for batch in ordered_batches(train, BLOCK))
        some = train.take(np.linspace(0, len(train) - 1, min(self.n, len(train)), dtype=int))
        nearest = nearest_images(samples, blocks)
        values = {
            model.graph.topmost(): {
                "samples: nearest training image": float(nearest.distances.mean()),
                "samples: diversity": diversity(samples),
            },
            "training images": {"samples: diversity": diversity(images_of(some))},
        }
        shown = as_pixels(samples[: self.shown], model.record.pixel_range)
        return Measured(values, {"samples": as_bytes(shown)})

    def draw(self, found: Sequence[Finding]) -> Iterator[tuple[str, Picture]]:
        for column in dict.fromkeys(each.column for each in found):
            grids = {
                each.graph: grid_of(each.arrays["samples"], self.columns)
                for each in found
                if each.column == column
            }
            yield stem("samples", column), panels(grids)
