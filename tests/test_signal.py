"""Signals in blocks of samples, and statistics that add."""

from __future__ import annotations

import numpy as np
import pytest

from dcgraph.signal import Signal
from dcgraph.state import Statistics


@pytest.mark.parametrize("mask", [None, (5, 2, 3, 1), (1, 2, 3, 4), (5, 1, 1, 1)])
def test_blocks_are_views_of_some_samples(rng, mask):
    values = rng.random((5, 2, 3, 4))
    known = None if mask is None else rng.random(mask) < 0.5
    signal = Signal(values, known)
    assert signal.shape == (5, 2, 3, 4)
    block = signal.block(1, 4)
    assert block.values.base is values
    np.testing.assert_array_equal(block.values, values[1:4])
    if known is None:
        assert block.known is None
    else:
        expected = np.broadcast_to(known, values.shape)[1:4]
        np.testing.assert_array_equal(np.broadcast_to(block.known, block.shape), expected)


def test_a_single_sample_may_have_a_mask_of_its_own():
    signal = Signal(np.zeros((1, 1, 1, 1)), np.zeros((1, 1, 1, 1), bool))
    assert signal.block(0, 1).known.shape == (1, 1, 1, 1)


def test_statistics_add():
    total = Statistics({"S0": np.ones(2)}, 3) + Statistics({"S0": np.full(2, 4.0)}, 5)
    assert total.count == 8
    np.testing.assert_array_equal(total.sums["S0"], 5)
