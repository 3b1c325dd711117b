"""What a metric is: a name and a pure function of scores (or predictions) and labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Metric:
    """A named pure function.

    Attributes
    ----------
    type : str
        The name of the metric.
    of : {"scores", "predictions"}
        "scores": called with outlier flags (n,) and log-likelihoods (n,) of a density node;
        "predictions": called with labels (n,) and predicted labels (n,) of a classifier node.
    function : callable
        ``(truth, values) -> float``.
    """

    type: str
    of: Literal["scores", "predictions"]
    function: Callable[[NDArray[Any], NDArray[Any]], float]
