"""The Fréchet distance of fitted Gaussians, against what is known of it in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from dcgraph.errors import InputError
from dcgraph.judges.distance import frechet_distance


def whitened(n, d, seed=0):
    """Return n rows with mean 0 and the covariance 1, exactly."""
    rows = np.random.default_rng(seed).normal(size=(n, d))
    rows -= rows.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(rows, rowvar=False))
    return rows @ (vectors / np.sqrt(values)) @ vectors.T


def test_of_diagonal_gaussians_it_is_a_distance_of_means_and_of_deviations():
    some, others = whitened(200, 4), whitened(300, 4, seed=1)
    means, deviations = np.array([0.0, 1, -2, 0.5]), np.array([0.5, 2, 1, 3])
    expected = np.square(means).sum() + np.square(deviations - 1).sum()
    assert frechet_distance(some, others * deviations + means) == pytest.approx(expected)


@given(st.integers(1, 6), st.integers(20, 40), st.integers(20, 40), st.integers(0, 99))
def test_it_is_what_the_matrix_square_root_gives(d, n, m, seed):
    rng = np.random.default_rng(seed)
    some, others = rng.normal(size=(n, d)), rng.normal(size=(m, d)) * rng.uniform(0.5, 2, d) + 1
    first, second = (np.cov(each, rowvar=False).reshape(d, d) for each in (some, others))
    root = sqrtm(first @ second).real
    means = np.square(some.mean(axis=0) - others.mean(axis=0)).sum()
    expected = means + np.trace(first + second - 2 * root)
    assert frechet_distance(some, others) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_equal_sets_are_not_apart_and_the_order_is_nothing_to_it():
    rows = np.random.default_rng(0).normal(size=(20, 50))  # fewer rows than dimensions
    assert frechet_distance(rows, rows[::-1]) == pytest.approx(0, abs=1e-6)
    others = rows[:10] * 2
    assert frechet_distance(rows, others) == pytest.approx(frechet_distance(others, rows))


def test_one_image_over_and_over_has_lost_the_whole_spread():
    rows = whitened(100, 3)
    assert frechet_distance(np.zeros((5, 3)), rows) == pytest.approx(3)


@pytest.mark.parametrize(
    ("some", "others", "sentence"),
    [
        ((1, 3), (5, 3), "at least 2 images of each kind, received 1 and 5"),
        ((5, 3), (5, 4), r"two arrays \(n, d\), received \(5, 3\) and \(5, 4\)"),
        ((5,), (5,), "features must be two arrays"),
    ],
)
def test_what_cannot_be_compared_is_refused(some, others, sentence):
    with pytest.raises(InputError, match=sentence):
        frechet_distance(np.zeros(some), np.zeros(others))
