"""Decisions: p-values, thresholds and combinations against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dcgraph.errors import RequestError
from dcgraph.inference import outliers

PROBABILITIES = np.linspace(0, 1, 1001)


@pytest.fixture
def quantiles():
    """Of a normal distribution, cut where a sample of thousands would end."""
    return stats.norm(100, 15).ppf(np.clip(PROBABILITIES, 1e-4, 1 - 1e-4))


def test_p_values_are_shares_of_the_training_images(quantiles):
    scores = np.array([100.0, 100 - 1.96 * 15, 30.0, 170.0, -1e9, 1e9])
    expected = [0.5, 0.025, 1 / 1001, 1, 1 / 1001, 1]
    np.testing.assert_allclose(outliers.p_values(scores, quantiles), expected, atol=1.5e-3)


def test_p_values_of_images_like_the_training_images_are_uniform(quantiles, rng):
    p = outliers.p_values(rng.normal(100, 15, 5000), quantiles)
    assert stats.kstest(p, "uniform").pvalue > 1e-3
    assert ((p > 0) & (p <= 1)).all()


@given(contamination=st.floats(0.001, 0.999))
def test_the_threshold_is_where_the_p_value_is_the_contamination(quantiles, contamination):
    limit = outliers.threshold(quantiles, contamination)
    assert outliers.p_values(np.array([limit]), quantiles)[0] == pytest.approx(contamination)


@pytest.mark.parametrize("contamination", [0, -0.1, 1, 2, 0.0001, np.nan])
def test_shares_that_cannot_be(quantiles, contamination):
    with pytest.raises(RequestError, match="at least 1/1001"):
        outliers.threshold(quantiles, contamination)


def test_quantiles_that_do_not_rise_do_no_harm():
    p = outliers.p_values(np.array([0.0, 1.0, 2.0]), np.ones(1001))
    assert p[0] == pytest.approx(1 / 1001)
    assert p[2] == 1
    assert np.isfinite(outliers.z_scores(np.array([1.0]), np.ones(1001))).all()


def test_z_scores_count_robust_deviations(quantiles):
    scores = np.array([100.0, 115.0, 70.0])
    np.testing.assert_allclose(outliers.z_scores(scores, quantiles), [0, 1, -2], atol=1e-3)
    stretched = quantiles.copy()
    stretched[:5] = -1e6  # a few broken training images
    np.testing.assert_allclose(outliers.z_scores(scores, stretched), [0, 1, -2], atol=1e-3)


def test_a_negative_weight_contrasts(quantiles):
    calibration = {"gmm1": quantiles, "gmm2": 7 * quantiles}
    low, high = np.array([70.0, 100.0, 115.0]), 7 * np.array([70.0, 85.0, 115.0])
    found = outliers.combined_scores(
        {"gmm1": low, "gmm2": high}, calibration, {"gmm2": 1, "gmm1": -0.5}
    )
    np.testing.assert_allclose(found, np.array([-2 + 1, -1, 1 - 0.5]) / 1.5, atol=1e-3)


def test_a_two_sided_node_finds_the_too_likely_unusual(quantiles):
    calibration = {"gmm1": quantiles, "gmm2": 7 * quantiles}
    low, high = np.array([70.0, 100.0, 130.0]), 7 * np.array([85.0, 100.0, 115.0])
    found = outliers.combined_scores(
        {"gmm1": low, "gmm2": high}, calibration, {"gmm2": 1, "gmm1": 0.5}, ["gmm1"]
    )
    np.testing.assert_allclose(found, np.array([-1 - 1, 0, 1 - 1]) / 1.5, atol=1e-3)


def test_a_two_sided_node_must_be_among_those_that_are_combined(quantiles):
    with pytest.raises(RequestError, match="gmm3 cannot be two-sided"):
        outliers.combined_scores(
            {"gmm1": np.zeros(1)}, {"gmm1": quantiles}, two_sided=["gmm1", "gmm3"]
        )


def test_the_least_score_is_that_of_the_node_that_finds_an_image_most_unusual(quantiles):
    calibration = {"gmm1": quantiles, "gmm2": 7 * quantiles}
    scores = {"gmm1": np.array([70.0, 100.0, 130.0]), "gmm2": 7 * np.array([100.0, 85.0, 115.0])}
    found = outliers.combined_scores(scores, calibration, combine="least")
    np.testing.assert_allclose(found, [-2, -1, 1], atol=1e-3)
    weights = {"gmm1": 1, "gmm2": 3}
    found = outliers.combined_scores(scores, calibration, weights, ["gmm1"], "least")
    np.testing.assert_allclose(found, [-2, -3, -2], atol=1e-3)


def test_a_component_is_known_by_its_images_and_a_few_of_all(rng):
    winners = np.repeat([0, 1, 3], [2000, 3, 500])
    scores = rng.normal(np.repeat([5.0, -40.0, 100.0], [2000, 3, 500]), 2.0)
    means, deviations = outliers.component_tables(scores, winners, 4)
    prior = outliers.PRIOR
    for k in range(4):
        own = scores[winners == k]
        share = len(own) / (len(own) + prior)
        mean, variance = (own.mean(), own.var()) if len(own) else (0.0, 0.0)
        assert means[k] == pytest.approx(share * mean + (1 - share) * scores.mean())
        expected = np.sqrt(share * variance + (1 - share) * scores.var())
        assert deviations[k] == pytest.approx(expected)
    z = outliers.within_components(np.array([5.0, 101.0]), np.array([0, 3]), means, deviations)
    np.testing.assert_allclose(z, 0, atol=0.5)


def test_equal_scores_have_no_deviation_and_do_no_harm():
    means, deviations = outliers.component_tables(np.ones(4), np.zeros(4, int), 2)
    found = outliers.within_components(np.ones(1), np.zeros(1, int), means, deviations)
    np.testing.assert_array_equal(found, 0)


@pytest.mark.parametrize("weight", [0.0, -0.5])
def test_the_least_of_scores_cannot_contrast(quantiles, weight):
    scores = dict.fromkeys(("gmm1", "gmm2"), np.zeros(1))
    calibration = dict.fromkeys(scores, quantiles)
    with pytest.raises(RequestError, match="weights above 0"):
        outliers.combined_scores(scores, calibration, {"gmm1": weight, "gmm2": 1}, combine="least")


def test_there_is_no_third_way_to_combine(quantiles):
    with pytest.raises(RequestError, match="mean or least, not 'product'"):
        outliers.combined_scores({"gmm1": np.zeros(1)}, {"gmm1": quantiles}, combine="product")


@pytest.mark.parametrize("weight", [0.0, np.nan, np.inf])
def test_weights_that_are_none(quantiles, weight):
    with pytest.raises(RequestError, match="not all 0"):
        outliers.combined_scores({"gmm1": np.zeros(1)}, {"gmm1": quantiles}, {"gmm1": weight})


def test_a_combined_score_gives_each_node_the_same_say(quantiles):
    calibration = {"gmm1": quantiles, "gmm2": 1000 * quantiles - 5}
    scores = {"gmm1": np.array([100.0, 85.0]), "gmm2": 1000 * np.array([100.0, 115.0]) - 5}
    np.testing.assert_allclose(outliers.combined_scores(scores, calibration), [0, 0], atol=1e-3)


def test_a_model_without_quantiles_cannot_decide(quantiles):
    with pytest.raises(RequestError, match="keeps no quantiles") as caught:
        outliers.combined_scores({"gmm2": np.zeros(1)}, {"gmm1": quantiles})
    assert caught.value.problem.node == "gmm2"


def test_one_p_value_is_its_own_combination(rng):
    p = rng.random(5)
    np.testing.assert_array_equal(outliers.combined_p_values([p]), p)


def test_equal_p_values_combine_to_themselves():
    p = np.array([0.001, 0.05, 0.5, 0.9])
    np.testing.assert_allclose(outliers.combined_p_values([p, p, p]), p, rtol=1e-9)


@pytest.mark.parametrize("correlation", [0.0, 0.6, 0.99])
def test_combined_p_values_hold_their_level_however_nodes_depend(correlation, rng):
    normal = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], 20000)
    p = outliers.combined_p_values(list(stats.norm.cdf(normal).T))
    assert ((p >= 0) & (p <= 1)).all()
    assert (p <= 0.01).mean() == pytest.approx(0.01, abs=0.003)
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.01)


def test_one_sure_node_is_heard_and_a_p_value_of_one_silences_nobody():
    p = outliers.combined_p_values([np.array([1 / 1001]), np.array([0.7])])
    assert p[0] < 0.003
    p = outliers.combined_p_values([np.array([1 / 1001]), np.array([1.0])])
    assert p[0] == pytest.approx(0.5)
