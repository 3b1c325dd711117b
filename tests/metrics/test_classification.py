from __future__ import annotations

import numpy as np
import pytest

from dcgraph.metrics.classification import accuracy


@pytest.mark.parametrize(
    ("predicted", "expected"), [([0, 1, 2, 2], 1.0), ([0, 1, 2, 1], 0.75), ([1, 2, 0, 0], 0.0)]
)
def test_accuracy_is_the_share_of_labels_met(predicted: list[int], expected: float) -> None:
    value = accuracy(np.array([0, 1, 2, 2]), np.array(predicted))
    assert value == expected
    assert isinstance(value, float)


def test_labels_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match="inconsistent"):
        accuracy(np.array([0, 1, 2]), np.array([0, 1]))
