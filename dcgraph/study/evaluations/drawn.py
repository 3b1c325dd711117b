"""What is asked of samples alone, whoever has drawn them: a model, or an anchor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dcgraph.data.dataset import Dataset, Subset
from dcgraph.errors import RequestError
from dcgraph.spec import Positive
from dcgraph.study.evaluations.base import (
    Arrays,
    Evaluation,
    Measured,
    Subject,
    images_of,
)


@dataclass(frozen=True)
class Drawn:
    """Samples, and the images that they are to be like.

    Attributes
    ----------
    images : array of shape (n, h, w, c)
        Clipped to [0, 1], as pictures are.
    dataset : Dataset
        What was learned from, and what is held out.
    whole : callable
        Returns the data set with all its classes, which a judge learns to tell.
    """

    images: NDArray[np.float32]
    dataset: Dataset
    whole: Callable[[], Dataset]


def held_out_inliers(dataset: Dataset) -> NDArray[np.float32]:
    """Return the held-out images that are no outliers, (m, h, w, c)."""
    _, subset = dataset.held_out
    assert subset is not None  # a run without them is refused
    if subset.outlier is not None:
        subset = subset.take(np.flatnonzero(~subset.outlier))
    return images_of(subset)


def only_class(subset: Subset) -> int:
    """Return the class of all images.

    Raises
    ------
    RequestError
        There are several, or none.
    """
    labels = [] if subset.labels is None else np.unique(subset.labels).tolist()
    if len(labels) != 1:
        message = (
            f"a judge is asked for the class that was learned, and {len(labels)} were: learn one "
            "at a time, `inliers: each`"
        )
        raise RequestError(message)
    return int(labels[0])


class SampleEvaluation(Evaluation):
    """A question asked of samples; anchors that draw are asked it, too.

    Attributes
    ----------
    n : int
        Samples that are drawn.
    """

    n: Positive = 1000

    def measure(self, subject: Subject) -> Measured:
        drawn = Drawn(subject.samples(self.n).clip(0, 1), subject.dataset, subject.whole)
        values, arrays = self.of_samples(drawn)
        return Measured({subject.model.graph.topmost(): values}, arrays)

    @abstractmethod
    def of_samples(self, drawn: Drawn) -> tuple[dict[str, float], Arrays]:
        """Return values by name, and what the figure is drawn from."""
