"""Gradient ascent: the step of each parameter."""

from __future__ import annotations

import numpy as np
import pytest
from builders import random_mixture
from pydantic import ValidationError

from dcgraph.contracts.optimizer import Clock
from dcgraph.layers import Classifier, GaussianMixture
from dcgraph.optimizers import GradientAscent
from dcgraph.signal import Signal

K, D = 4, 2


@pytest.fixture
def layer():
    return GaussianMixture(components=K)


def statistics_of(ops, layer, params, rng):
    x = rng.random((6, 1, 2, D)).astype(params["means"].dtype)
    seen = layer.observe(
        ops, params, [Signal(x)], labels=None, sigma=0.8, want=frozenset({"statistics"})
    )
    return seen.statistics


@pytest.mark.parametrize(
    ("decay", "rate"), [(1.0, 0.011), (0.95, 0.011 * 0.95), (0.9, 0.01), (0.01, 0.01)]
)
def test_the_step_is_rate_times_factor_times_gradient(ops, layer, rng, decay, rate):
    params = random_mixture(rng, components=K, dimensions=D)
    statistics = statistics_of(ops, layer, params, rng)
    clock = Clock(updates=3, fraction=0.5, sigma=0.8, decay=decay)
    moved, state = GradientAscent().step(ops, layer, params, statistics, {}, clock)
    gradients = layer.gradients(ops, params, statistics, sigma=0.8)
    factors = {"means": 1.0, "precision_sqrt": 0.1, "weight_logits": 0.2}
    for name, factor in factors.items():
        expected = params[name] + rate * factor * gradients[name]
        np.testing.assert_allclose(moved[name], expected, rtol=1e-12)
    assert moved["offset"] is params["offset"]
    assert state == {}


def test_factors_may_hold_a_parameter(ops, layer, rng):
    params = random_mixture(rng, components=K, dimensions=D)
    statistics = statistics_of(ops, layer, params, rng)
    optimizer = GradientAscent(rate=0.5, factors={"weight_logits": 0.0})
    clock = Clock(updates=0, fraction=1.0, sigma=0.8)
    moved, _ = optimizer.step(ops, layer, params, statistics, {}, clock)
    np.testing.assert_array_equal(moved["weight_logits"], params["weight_logits"])
    assert (moved["precision_sqrt"] != params["precision_sqrt"]).any()


def test_arguments_and_types_stay(ops, layer, rng, dtype):
    params = random_mixture(rng, components=K, dimensions=D, dtype=dtype)
    before = {name: array.copy() for name, array in params.items()}
    statistics = statistics_of(ops, layer, params, rng)
    clock = Clock(updates=0, fraction=1.0, sigma=0.8)
    moved, _ = GradientAscent().step(ops, layer, params, statistics, {}, clock)
    for name, array in params.items():
        np.testing.assert_array_equal(array, before[name])
        assert moved[name].dtype == dtype


@pytest.mark.parametrize(
    "settings",
    [{"rate": 0.0}, {"rate_floor": -1.0}, {"factors": {"means": -1.0}}, {"momentum": 0.9}],
)
def test_settings_are_strict(settings):
    with pytest.raises(ValidationError):
        GradientAscent(**settings)


def test_an_integer_rate_means_the_number(ops):
    assert GradientAscent(rate=1, factors={"means": 2}).rate == 1.0


def test_weight_decay_pulls_what_the_layer_lets_be_pulled(ops, rng):
    layer = Classifier(classes=3)
    params = layer.init([(2, 2, 1)], rng, np.float64)
    signal = Signal(rng.random((6, 2, 2, 1)))
    want = frozenset({"statistics"})
    labels = np.array([0, 1, 2, 0, 1, 2])
    seen = layer.observe(ops, params, [signal], labels=labels, sigma=0.0, want=want)
    clock = Clock(updates=0, fraction=1.0, sigma=0.0)
    settings = {"rate": 0.5, "rate_floor": 0.0, "factors": {}}
    plain, _ = GradientAscent(**settings).step(ops, layer, params, seen.statistics, {}, clock)
    pulled, _ = GradientAscent(**settings, weight_decay=0.1).step(
        ops, layer, params, seen.statistics, {}, clock
    )
    expected = plain["weights"] - 0.5 * 0.1 * params["weights"]
    np.testing.assert_allclose(pulled["weights"], expected, rtol=1e-12)
    np.testing.assert_array_equal(pulled["bias"], plain["bias"])


def test_weight_decay_leaves_a_mixture_alone(ops, layer, rng):
    params = random_mixture(rng, components=K, dimensions=D)
    statistics = statistics_of(ops, layer, params, rng)
    clock = Clock(updates=3, fraction=0.5, sigma=0.8)
    plain, _ = GradientAscent().step(ops, layer, params, statistics, {}, clock)
    decayed, _ = GradientAscent(weight_decay=0.5).step(ops, layer, params, statistics, {}, clock)
    for name, array in plain.items():
        np.testing.assert_array_equal(decayed[name], array)
