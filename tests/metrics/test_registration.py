from __future__ import annotations

import numpy as np
import pytest

from dcgraph.plugin.manager import built_in_plugins


def test_the_built_in_metrics_are_registered_with_what_they_measure() -> None:
    kinds = {name: metric.of for name, metric in built_in_plugins().metrics.items()}
    assert kinds == {
        "auc": "scores",
        "auprc": "scores",
        "fpr95": "scores",
        "accuracy": "predictions",
    }


@pytest.mark.parametrize("name", ["auc", "auprc", "fpr95", "accuracy"])
def test_each_is_a_function_of_two_arrays(name: str) -> None:
    metric = built_in_plugins().metrics[name]
    value = metric.function(np.array([1, 0, 1, 0]), np.array([0, 1, 0, 1]))
    assert 0 <= value <= 1
