"""Categorical draws: frequencies, and what can never be drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dcgraph.backends.numpy.draw import categorical


@pytest.mark.parametrize("weights", [[1, 2, 3, 4], [0.001, 0, 5, 2, 0, 0.4]])
def test_frequencies_follow_the_weights(dtype, weights):
    n = 20000
    tiled = np.broadcast_to(np.asarray(weights, dtype), (n, 1, 1, len(weights)))
    uniform = np.random.default_rng(3).random((n, 1, 1), dtype)
    counts = np.bincount(categorical(tiled, uniform).ravel(), minlength=len(weights))
    expected = n * np.asarray(weights) / np.sum(weights)
    possible = expected > 0
    assert counts[~possible].sum() == 0
    assert stats.chisquare(counts[possible], expected[possible]).pvalue > 1e-3


edges = st.sampled_from(
    [0.0, 5e-324, 0.5, float(np.nextafter(1, 0)), float(np.nextafter(1, 0, dtype="f4"))]
)


@given(
    st.lists(st.one_of(st.just(0.0), st.floats(1e-300, 1e12)), min_size=1, max_size=9),
    st.one_of(edges, st.floats(0, 1, exclude_max=True)),
)
def test_an_index_of_weight_zero_is_never_drawn(weights, uniform):
    if not any(weights):
        weights[-1] = 1.0
    array = np.array(weights).reshape(1, 1, 1, -1)
    (index,) = categorical(array, np.array(uniform).reshape(1, 1, 1)).ravel()
    assert 0 <= index < len(weights)
    assert weights[index] > 0


def test_every_position_has_its_own_weights():
    weights = np.eye(6).reshape(1, 2, 3, 6)
    uniform = np.random.default_rng(0).random((1, 2, 3))
    np.testing.assert_array_equal(categorical(weights, uniform), np.arange(6).reshape(1, 2, 3))


def test_draws_are_the_inverse_of_the_cumulative_distribution():
    weights = np.array([0.25, 0.25, 0.5]).reshape(1, 1, 1, 3)
    drawn = [
        int(categorical(weights, np.full((1, 1, 1), u))[0, 0, 0])
        for u in (0.0, 0.2499, 0.25, 0.4999, 0.5, 0.9999)
    ]
    assert drawn == [0, 0, 1, 1, 2, 2]
