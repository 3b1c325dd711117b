"""The torus of components and the matrix that smooths over it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcgraph.layers.gmm.smoothing import (
    is_negligible,
    side,
    smoothing_matrix,
    starting_width,
)


@given(st.integers(1, 6), st.floats(0.1, 10))
def test_the_matrix_is_the_formula(s, sigma):
    expected = np.empty((s * s, s * s))
    for k in range(s * s):
        for j in range(s * s):
            dr, dc = abs(k // s - j // s), abs(k % s - j % s)
            squared = min(dr, s - dr) ** 2 + min(dc, s - dc) ** 2
            expected[k, j] = np.exp(-squared / (2 * sigma**2))
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(smoothing_matrix(s * s, sigma), expected, atol=1e-12)


def test_distances_run_around_the_torus():
    row = smoothing_matrix(25, 1.0)[0]
    assert row[4] == row[1]  # the last column is a neighbour of the first
    assert row[20] == row[5]
    assert row[24] == row[6] < row[1]


def test_the_matrix_cannot_be_changed_by_its_reader():
    with pytest.raises(ValueError, match="read-only"):
        smoothing_matrix(9, 1.0)[0, 0] = 2


@pytest.mark.parametrize(("components", "below", "above"), [(2, 1, 4), (24, 16, 25), (50, 49, 64)])
def test_other_numbers_are_refused_with_the_nearest_squares(components, below, above):
    expected = rf"received {components}: use {below} or {above} components, or annealing: off"
    with pytest.raises(ValueError, match=expected):
        starting_width(components)
    with pytest.raises(ValueError, match=expected):
        side(components)


def test_starting_width():
    assert starting_width(49) == pytest.approx(2.4748737)
    assert starting_width(1) == pytest.approx(0.25 * 2**0.5)


@pytest.mark.parametrize("sigma", [0.01, 0.05, 0.1, 0.15, 0.2, 0.3, 1e-200, 5e-324, 0.0])
def test_negligible_smoothing_is_below_the_precision(dtype, sigma):
    if is_negligible(dtype, sigma):
        if sigma >= 0.01:
            away = 1 - smoothing_matrix(25, sigma).diagonal()
            assert (away <= np.finfo(dtype).eps).all()
    else:
        assert sigma >= 0.05


def test_widths_that_matter_are_not_negligible(dtype):
    assert not is_negligible(dtype, 0.25)
    assert is_negligible(dtype, 0.01)
