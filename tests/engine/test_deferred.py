"""Transformations computed a block of samples at a time."""

from __future__ import annotations

import numpy as np

from dcgraph.engine.deferred import Deferred, whole
from dcgraph.layers import Concat, Folding
from dcgraph.signal import Signal


def test_blocks_are_the_samples_of_the_whole(ops, rng):
    layer = Folding(kernel=2)
    x = rng.random((5, 4, 3, 2))
    known = rng.random((5, 4, 3, 1)) < 0.5
    deferred = Deferred(ops, layer, {}, [Signal(x, known)], (3, 2, 8))
    assert deferred.shape == (5, 3, 2, 8)
    expected = layer.forward(ops, {}, [Signal(x, known)])
    np.testing.assert_array_equal(whole(deferred).values, expected.values)
    block = deferred.block(1, 4)
    np.testing.assert_array_equal(block.values, expected.values[1:4])
    np.testing.assert_array_equal(block.known, expected.known[1:4])


def test_they_can_stand_on_one_another_and_on_several_inputs(ops, rng):
    signal = Signal(rng.random((4, 4, 4, 1)))
    low = Deferred(ops, Folding(kernel=2), {}, [signal], (3, 3, 4))
    both = Deferred(ops, Concat(), {}, [low, signal], (1, 1, 52))
    block = both.block(2, 3)
    folded = Folding(kernel=2).forward(ops, {}, [signal]).values
    expected = np.concatenate([folded[2].ravel(), signal.values[2].ravel()])
    np.testing.assert_array_equal(block.values.ravel(), expected)


def test_a_signal_is_whole_already(rng):
    signal = Signal(rng.random((1, 1, 1, 1)))
    assert whole(signal) is signal
