"""The input node: a shape, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from dcgraph.layers import Input
from dcgraph.signal import Signal


def test_it_passes_on_what_it_is_fed(ops):
    layer = Input(shape=[3, 4, 2])
    signal = Signal(np.zeros((1, 3, 4, 2)), np.ones((1, 1, 1, 1), bool))
    assert layer.output_shape([]) == (3, 4, 2)
    assert layer.forward(ops, {}, [signal]) is signal


@pytest.mark.parametrize("shape", [[28, 28], [28, 28, 0], [28, 28, 1, 1], [28.0, 28, 1], 28, None])
def test_the_shape_is_three_positive_integers(shape):
    with pytest.raises(ValidationError):
        Input(shape=shape)
