"""What an evaluation is: a question asked of every trained model, and the figure it makes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.events import Evaluated, Event, Observer
from dcgraph.spec import Spec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dcgraph.data.dataset import Dataset, Subset
    from dcgraph.graph.graph import Graph
    from dcgraph.model import Model
    from dcgraph.pictures.grid import Picture
    from dcgraph.plugin.manager import Plugins

Values = dict[str, dict[str, float]]
Arrays = dict[str, NDArray[Any]]


@dataclass
class Trace(Observer):
    """Hears what a run measured on held-out images, and when.

    Attributes
    ----------
    steps : list of int
    metrics : list of mapping
        ``metrics[i][node][metric]``.
    """

    steps: list[int] = field(default_factory=list)
    metrics: list[Mapping[str, Mapping[str, float]]] = field(default_factory=list)

    def notify(self, event: Event) -> None:
        """Note what was measured."""
        if isinstance(event, Evaluated):
            self.steps.append(event.step)
            self.metrics.append(event.metrics)


@dataclass(frozen=True)
class Subject:
    """A trained model, and what it was trained on.

    Attributes
    ----------
    model : Model
    dataset : Dataset
    trace : Trace
    plugins : Plugins
    whole : callable
        Returns the data set with all its classes.
    """

    model: Model
    dataset: Dataset
    trace: Trace
    plugins: Plugins
    whole: Callable[[], Dataset]
    _samples: dict[int, NDArray[Any]] = field(default_factory=dict, init=False, repr=False)

    def samples(self, n: int) -> NDArray[Any]:
        """Return n samples of the model, (n, h, w, c), not clipped; drawn once."""
        if n not in self._samples:
            self._samples[n] = self.model.sample(n)
        return self._samples[n]

    def held_out(self, n: int | None = None) -> Subset:
        """Return test images (validation images where some are held back); the first n of them."""
        _, images = self.dataset.held_out
        assert images is not None  # a run without them is refused
        return images if n is None else images.take(np.arange(min(n, len(images))))


@dataclass(frozen=True)
class Measured:
    """What an evaluation found.

    Attributes
    ----------
    values : dict
        ``values[node][metric]``: goes into the table.
    arrays : dict of str to array
        What the figure is drawn from.
    """

    values: Values = field(default_factory=dict)
    arrays: Arrays = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What one run contributes to a figure.

    Attributes
    ----------
    graph, column : str
        Labels of its row and column of the table.
    seed : int
    values : dict
        ``values[node][metric]``, of all evaluations.
    arrays : dict of str to array
        Of this evaluation.
    group : str
        What its column is one of, with a mean over them; "": it stands alone.
    """

    graph: str
    column: str
    seed: int
    values: Values
    arrays: Arrays
    group: str = ""


class Evaluation(Spec):
    """A question asked of every model of a study; its fields are keys of the study file.

    Attributes
    ----------
    type : str
        Its name in study files.
    """

    type: ClassVar[str]

    @property
    def every(self) -> float | None:
        """Epochs between two measurements during training; None: it needs none."""
        return None

    def require(self) -> None:
        """Raise a RequestError where something that it needs is not installed."""
        return

    def misfit(self, graph: Graph) -> str | None:
        """Return what keeps it from being asked of a graph's models, None where nothing does."""
        return None

    @abstractmethod
    def measure(self, subject: Subject) -> Measured:
        """Return what is found in a trained model."""

    def draw(self, found: Sequence[Finding]) -> Iterator[tuple[str, Figure | Picture]]:
        """Yield (file name without ending, figure) of the runs of one seed, in the study's order.

        Figures are matplotlib's, pictures uint8 arrays.
        """
        yield from ()


def images_of(subset: Subset) -> NDArray[Any]:
    """Return all images of a subset, (n, h, w, c), float32."""
    return subset.read(np.arange(len(subset)))


def stem(*parts: str) -> str:
    """Return a file name of labels: no spaces, nothing a file system minds."""
    import re

    return re.sub(r"[^\w.+-]+", "-", "-".join(part for part in parts if part)).strip("-")
