"""The mean of control signals that meet."""

from __future__ import annotations

import numpy as np

from dcgraph.merges import Mean
from dcgraph.signal import Signal


def test_the_mean_of_full_signals(ops, rng, dtype):
    signals = [Signal(rng.random((2, 3, 2, 4)).astype(dtype)) for _ in range(3)]
    out = Mean().combine(ops, signals)
    expected = np.mean([s.values for s in signals], axis=0)
    np.testing.assert_allclose(out.values, expected, rtol=1e-6)
    assert out.values.dtype == dtype
    assert out.known is None


def test_at_each_position_the_mean_of_what_is_there(ops):
    values = [np.array([v] * 4).reshape(1, 1, 4, 1) for v in (2.0, 4.0, 12.0)]
    masks = [
        np.array([True, True, False, False]).reshape(1, 1, 4, 1),
        np.array([True, False, False, False]).reshape(1, 1, 4, 1),
        np.zeros((1, 1, 1, 1), bool),
    ]
    out = Mean().combine(ops, [Signal(v, m) for v, m in zip(values, masks, strict=True)])
    np.testing.assert_array_equal(out.values.ravel(), [3, 2, 0, 0])
    np.testing.assert_array_equal(out.known.ravel(), [True, True, False, False])


def test_a_full_signal_covers_the_gaps_of_another(ops):
    full = Signal(np.full((1, 1, 2, 1), 6.0))
    partial = Signal(np.full((1, 1, 2, 1), 2.0), np.array([True, False]).reshape(1, 1, 2, 1))
    out = Mean().combine(ops, [full, partial])
    np.testing.assert_array_equal(out.values.ravel(), [4, 6])
    assert np.broadcast_to(out.known, out.shape).all()


def test_the_signals_are_left_as_they_are(ops):
    signals = [Signal(np.full((1, 1, 1, 1), v)) for v in (1.0, 3.0)]
    Mean().combine(ops, signals)
    assert [s.values.item() for s in signals] == [1, 3]
