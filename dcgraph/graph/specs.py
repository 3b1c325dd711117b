"""The sections of a graph file that are not nodes or edges: data and training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dcgraph.contracts.annealing import Annealing
from dcgraph.contracts.optimizer import Optimizer
from dcgraph.contracts.source import Source
from dcgraph.spec import Positive, Spec

Label = Annotated[int, Field(ge=0)]


class DataSettings(Spec):
    """Which images of a source are used, and how; in a file, the source's keys stand beside these.

    Attributes
    ----------
    classes : tuple of int or None
        Labels of the training images and of the inliers; None: all that are not in `outliers`.
    outliers : tuple of int
        Labels of the test images that count as outliers.
    validation : float in [0, 1)
        Fraction of the training images held back to choose settings by.
    limit : int or None
        At most so many training images.
    fit : {"error", "resize", "pad"}
        What to do with images whose height or width is not the input's.
    """

    classes: tuple[Label, ...] | None = None
    outliers: tuple[Label, ...] = ()
    validation: Annotated[float, Field(ge=0, lt=1)] = 0.0
    limit: Positive | None = None
    fit: Literal["error", "resize", "pad"] = "error"


class DataSpec(DataSettings):
    """What a graph is trained and tested on.

    Attributes
    ----------
    source : Source
        Where images come from.
    """

    source: Source


class TrainSettings(Spec):
    """How a graph is trained, optimizers aside.

    Attributes
    ----------
    epochs : float
        Passes over the training images; may be a fraction.
    batch_size : int
    seed : int
    dtype : {"float32", "float64"}
        Of parameters and activities.
    """

    epochs: Annotated[float, Field(gt=0)] = 1.0
    batch_size: Positive = 100
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    dtype: Literal["float32", "float64"] = "float32"


class TrainSpec(TrainSettings):
    """How a graph is trained.

    Attributes
    ----------
    optimizer : Optimizer
        Trains every node that supports it and names no other.
    annealing : Annealing or None
        The schedule of every node that names none; None: the one its optimizer asks for.
    """

    optimizer: Optimizer
    annealing: Annealing | None = None
