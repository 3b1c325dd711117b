"""How often a classifier is right."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from dcgraph.contracts.metric import Metric


def accuracy(labels: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Return the fraction of labels that are predicted, in [0, 1]."""
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(labels, predicted))


ACCURACY = Metric("accuracy", "predictions", accuracy)
