"""Stepwise EM: the running mean of statistics, then the layer's M-step."""

from __future__ import annotations

import numpy as np
import pytest
from builders import random_mixture
from pydantic import ValidationError

from dcgraph.contracts.optimizer import Clock
from dcgraph.layers import GaussianMixture
from dcgraph.optimizers import StepwiseEM
from dcgraph.state import Statistics

K, D = 4, 2


@pytest.fixture
def layer():
    return GaussianMixture(components=K)


@pytest.fixture
def params(rng):
    return random_mixture(rng, components=K, dimensions=D)


def batch(rng, count):
    s0 = rng.random((1, K)) * count
    s1 = rng.random((1, K, D)) * count
    return Statistics({"S0": s0, "S1": s1, "S2": s1 + 5 * count}, count)


def clock(updates=0, fraction=1.0, sigma=0.0):
    return Clock(updates=updates, fraction=fraction, sigma=sigma)


@pytest.mark.parametrize(("updates", "rho"), [(0, 10**-0.6), (22, 32**-0.6), (10**6, 0.02)])
def test_statistics_are_a_running_mean(ops, layer, params, rng, updates, rho):
    em = StepwiseEM()
    state = em.init(ops, layer, params)
    statistics = batch(rng, 40)
    _, new = em.step(ops, layer, params, statistics, state, clock(updates))
    for name, running in state.items():
        expected = (1 - rho) * running + rho * statistics.sums[name] / 40
        np.testing.assert_allclose(new[name], expected)


def test_with_a_weight_of_1_the_batch_alone_counts(ops, layer, params, rng):
    em = StepwiseEM(rho_min=1.0)
    statistics = batch(rng, 8)
    moved, new = em.step(
        ops, layer, params, statistics, em.init(ops, layer, params), clock(sigma=0.7)
    )
    for name, sums in statistics.sums.items():
        np.testing.assert_allclose(new[name], sums / 8)
    expected = layer.maximize(ops, params, statistics, sigma=0.7)
    for name, array in moved.items():
        np.testing.assert_allclose(array, expected[name])


def test_short_batches_weigh_as_much_as_their_images(ops, layer, params, rng):
    """Two halves of a batch move the mean as far as the whole, as long as rho stands still."""
    em = StepwiseEM(rho_min=0.3)
    state = em.init(ops, layer, params)
    statistics = batch(rng, 10)
    _, whole = em.step(ops, layer, params, statistics, state, clock(10**6))
    halves = state
    for _ in range(2):
        half = Statistics({k: v / 2 for k, v in statistics.sums.items()}, 5)
        _, halves = em.step(ops, layer, params, half, halves, clock(10**6, fraction=0.5))
    for name, running in whole.items():
        np.testing.assert_allclose(halves[name], running)


def test_a_fresh_state_expects_the_parameters_themselves(ops, layer, rng):
    params = layer.init([(1, 1, D)], rng, np.float64)
    state = StepwiseEM().init(ops, layer, params)
    np.testing.assert_allclose(state["S0"], 1 / K)
    np.testing.assert_allclose(state["S1"], params["means"] / K)
    np.testing.assert_allclose(state["S2"], (1 / 20 + params["means"] ** 2) / K)


def test_neither_argument_is_changed(ops, layer, params, rng):
    em = StepwiseEM()
    state = em.init(ops, layer, params)
    before = {k: v.copy() for k, v in (state | params).items()}
    em.step(ops, layer, params, batch(rng, 3), state, clock())
    for name, array in (state | params).items():
        np.testing.assert_array_equal(array, before[name])


def test_constants_and_types_stay(ops, layer, rng, dtype):
    params = random_mixture(rng, components=K, dimensions=D, dtype=dtype, offset=4.0)
    em = StepwiseEM()
    statistics = batch(rng, 9)
    sums = {name: array.astype(dtype) for name, array in statistics.sums.items()}
    moved, state = em.step(
        ops,
        layer,
        params,
        Statistics(sums, 9.0),
        em.init(ops, layer, params),
        clock(fraction=0.3, sigma=0.5),
    )
    assert moved["offset"] is params["offset"]
    assert set(moved) == set(params)
    assert {a.dtype for a in (*moved.values(), *state.values())} == {dtype}


@pytest.mark.parametrize(
    "settings", [{"rho_min": 0.0}, {"rho_min": 1.5}, {"t0": 0.5}, {"power": 0.5}, {"rho": 0.1}]
)
def test_settings_are_strict(settings):
    with pytest.raises(ValidationError):
        StepwiseEM(**settings)
