"""The mixture layer as the engine sees it."""

from __future__ import annotations

import numpy as np
import pytest
from builders import random_mixture, random_rows
from differences import assert_gradient, central_differences
from pydantic import ValidationError
from scipy.special import softmax

from dcgraph.contracts.layer import WANTS
from dcgraph.layers import GaussianMixture
from dcgraph.layers.gmm.density import objective_gradient, pack
from dcgraph.layers.gmm.sampling import MixtureSampling
from dcgraph.signal import Signal
from dcgraph.state import Statistics

SHAPE, K = (2, 3, 4), 4


def setting(rng, *, share=True, masked=False, **options):
    """Return a layer, its parameters and a batch of two."""
    layer = GaussianMixture(components=K, share=share, **options)
    sets = 1 if share else SHAPE[0] * SHAPE[1]
    params = random_mixture(rng, components=K, dimensions=SHAPE[2], sets=sets)
    x = rng.uniform(-1, 1, (2, *SHAPE))
    known = rng.random(x.shape) < 0.6 if masked else None
    if masked:
        known[0, 0, 0] = False
    return layer, params, Signal(x, known)


def observe(layer, ops, params, signal, *, sigma=0.0, want=WANTS):
    return layer.observe(ops, params, [signal], labels=None, sigma=sigma, want=want)


@pytest.mark.parametrize(("share", "sets"), [(True, 1), (False, 6)])
def test_initial_parameters(share, sets, dtype):
    layer = GaussianMixture(components=K, share=share, means_init=0.2)
    arrays = layer.init([SHAPE], np.random.default_rng(0), dtype)
    assert {name: a.shape for name, a in arrays.items()} == layer.parameter_shapes([SHAPE])
    assert all(array.dtype == dtype for array in arrays.values())
    assert arrays["means"].shape == (sets, K, 4)
    assert 0.1 < np.abs(arrays["means"]).max() <= 0.2
    np.testing.assert_allclose(arrays["precision_sqrt"], np.sqrt(20), rtol=1e-6)
    np.testing.assert_array_equal(arrays["weight_logits"], 0)
    assert layer.output_shape([SHAPE]) == (2, 3, K)


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("masked", [False, True])
def test_forward_is_the_posterior_and_never_smoothed(ops, rng, share, masked):
    layer, params, signal = setting(rng, share=share, masked=masked)
    out = layer.forward(ops, params, [signal])
    scores = ops.mixture_scores(signal, pack(np, params))
    np.testing.assert_allclose(out.values, softmax(scores, axis=-1))
    smoothed = observe(layer, ops, params, signal, sigma=1.0)
    np.testing.assert_array_equal(smoothed.output.values, out.values)
    plain = observe(layer, ops, params, signal)
    np.testing.assert_array_equal(smoothed.log_likelihood, plain.log_likelihood)
    np.testing.assert_array_equal(smoothed.max_component, plain.max_component)
    assert (smoothed.loss < plain.loss).all()


@pytest.mark.parametrize("share", [True, False])
def test_a_position_that_knows_nothing_emits_its_weights_unknown(ops, rng, share):
    layer, params, signal = setting(rng, share=share, masked=True)
    out = layer.forward(ops, params, [signal])
    assert out.known.shape == (2, 2, 3, 1)
    np.testing.assert_array_equal(out.known[..., 0], signal.known.any(axis=-1))
    weights = softmax(params["weight_logits"][0])
    np.testing.assert_allclose(out.values[0, 0, 0], weights)


def test_one_set_per_position_is_the_shared_one_where_there_is_one_position(ops, rng):
    params = random_mixture(rng, components=K, dimensions=5)
    signal = Signal(rng.random((6, 1, 1, 5)))
    seen = [
        observe(GaussianMixture(components=K, share=share), ops, params, signal, sigma=0.7)
        for share in (True, False)
    ]
    for name in ("log_likelihood", "max_component", "loss"):
        np.testing.assert_array_equal(getattr(seen[0], name), getattr(seen[1], name))
    np.testing.assert_array_equal(seen[0].output.values, seen[1].output.values)
    for name, sums in seen[0].statistics.sums.items():
        np.testing.assert_array_equal(sums, seen[1].statistics.sums[name])
    assert seen[0].statistics.count == seen[1].statistics.count == 6


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("loss", ["max_component", "log_likelihood"])
def test_statistics_add_over_parts_of_a_batch(ops, rng, share, masked, loss):
    layer, params, signal = setting(rng, share=share, masked=masked, loss=loss)
    whole = observe(layer, ops, params, signal, sigma=0.6).statistics
    parts = [
        observe(layer, ops, params, signal.block(i, i + 1), sigma=0.6).statistics for i in (0, 1)
    ]
    total = parts[0] + parts[1]
    assert total.count == whole.count
    for name, array in whole.sums.items():
        np.testing.assert_allclose(total.sums[name], array, atol=1e-12)
    np.testing.assert_allclose(layer.usage(whole), whole.sums["S0"].sum(axis=0))


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("masked", [False, True])
def test_input_gradient_runs_through_the_posterior(ops, rng, share, masked):
    layer, params, signal = setting(rng, share=share, masked=masked)
    grad = rng.standard_normal((2, 2, 3, K))
    (gradient,) = layer.input_gradient(ops, params, [signal], grad)

    def weighed(values):
        return (layer.forward(ops, params, [Signal(values, signal.known)]).values * grad).sum()

    assert_gradient(gradient, weighed, signal.values)


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("loss", ["max_component", "log_likelihood"])
@pytest.mark.parametrize("sigma", [0.0, 0.8])
def test_objective_gradient(ops, rng, share, masked, loss, sigma):
    layer, params, signal = setting(rng, share=share, masked=masked, loss=loss)
    value, (gradient,) = layer.objective_gradient(ops, params, [signal], sigma=sigma)
    maps = observe(layer, ops, params, signal, sigma=sigma).loss
    np.testing.assert_allclose(value, maps.sum(axis=(1, 2)))

    def total(values):
        moved = Signal(values, signal.known)
        return observe(layer, ops, params, moved, sigma=sigma).loss.sum()

    assert_gradient(gradient, total, signal.values)


@pytest.mark.parametrize("soft", [False, True])
def test_objective_gradient_with_a_matrix_that_is_not_symmetric(ops, rng, soft):
    _, params, signal = setting(rng)
    mixture, matrix = pack(np, params), random_rows(rng, K)

    def total(values):
        out = ops.mixture_observe(
            Signal(values), mixture, matrix, soft=soft, want=frozenset({"loss"})
        )
        return out["loss"].sum()

    value, gradient = objective_gradient(ops, mixture, signal, matrix, soft=soft)
    assert value.sum() == pytest.approx(total(signal.values))
    assert_gradient(gradient, total, signal.values)


def test_an_offset_changes_nothing_but_the_rounding(ops, rng):
    layer, params, signal = setting(rng, masked=True)
    moved = {**params, "means": params["means"] + 3, "offset": np.asarray(3.0)}
    shifted = Signal(signal.values + 3, signal.known)
    here, there = (observe(layer, ops, p, s) for p, s in ((params, signal), (moved, shifted)))
    np.testing.assert_allclose(here.log_likelihood, there.log_likelihood)
    for name, sums in here.statistics.sums.items():
        np.testing.assert_allclose(sums, there.statistics.sums[name], atol=1e-12)
    new_here = layer.maximize(ops, params, here.statistics, sigma=0.5)
    new_there = layer.maximize(ops, moved, there.statistics, sigma=0.5)
    np.testing.assert_allclose(new_here["means"] + 3, new_there["means"])
    np.testing.assert_allclose(new_here["precision_sqrt"], new_there["precision_sqrt"])
    gradients = [
        layer.objective_gradient(ops, p, [s], sigma=0.5)[1][0]
        for p, s in ((params, signal), (moved, shifted))
    ]
    np.testing.assert_allclose(*gradients, atol=1e-9)


def test_curvature_bounds_the_second_derivative(ops, rng):
    layer, params, _ = setting(rng, precision_max=9.0)
    params = layer.constrain(ops, {**params, "precision_sqrt": params["precision_sqrt"] * 3})
    x = rng.uniform(-1, 1, (1, *SHAPE))

    def gradient_at(values):
        return layer.objective_gradient(ops, params, [Signal(values)], sigma=0.5)[1][0]

    for index in ((0, 0, 0, 0), (0, 1, 2, 3), (0, 1, 0, 1)):
        slope = central_differences(lambda v, i=index: gradient_at(v)[i], x, 1e-5)[index]
        assert -layer.curvature() - 1e-6 <= slope <= 1e-6


def test_prepare_leaves_ordinary_inputs_alone(ops, rng):
    layer, params, signal = setting(rng)
    prepared = layer.prepare(ops, params, [signal], rng)
    assert prepared == params


@pytest.mark.parametrize("mean", [200.0, -7.0])
def test_prepare_moves_the_means_to_a_distant_input(ops, rng, mean, dtype):
    layer = GaussianMixture(components=K)
    params = layer.init([(2, 2, 3)], rng, dtype)
    x = (mean + 0.1 * rng.standard_normal((8, 2, 2, 3))).astype(dtype)
    known = rng.random(x.shape) < 0.5
    prepared = layer.prepare(ops, params, [Signal(np.where(known, x, 0), known)], rng)
    assert float(prepared["offset"]) == pytest.approx(mean, abs=0.2)
    np.testing.assert_allclose(prepared["means"], params["means"] + prepared["offset"], rtol=1e-6)
    assert prepared["means"].dtype == prepared["offset"].dtype == dtype
    # what the parameters expect stays what it was
    before, after = (layer.expected_statistics(ops, p).sums["S1"] for p in (params, prepared))
    np.testing.assert_allclose(before, after, atol=1e-4)


@pytest.mark.parametrize("mean", [0.3, 0.5, 0.75, 1.0, 2.0, 200.0])
@pytest.mark.parametrize("r", [1.0, 4.472136])
def test_prepared_layers_keep_the_precision_bound(ops, rng, mean, r):
    """Inputs that hardly vary are the worst case: their expanded squares cancel almost wholly."""
    layer = GaussianMixture(components=9)
    d = 784
    x = (mean + 0.001 * rng.uniform(-1, 1, (20, 1, 1, d))).astype("f4")
    params = layer.prepare(ops, layer.init([(1, 1, d)], rng, "f4"), [Signal(x)], rng)
    params["means"] = (mean + 0.001 * rng.uniform(-1, 1, (1, 9, d))).astype("f4")
    params["precision_sqrt"] = np.full((1, 9, d), r, "f4")
    differences = x.astype(float)[..., None, :] - params["means"][0].astype(float)
    quadratic = 0.5 * float(np.float32(r)) ** 2 * (differences**2).sum(axis=-1)
    log_r = d * np.log(float(np.float32(r)))
    expected = log_r - quadratic - np.log(9)
    error = np.abs(ops.mixture_scores(Signal(x), pack(np, params)) - expected)
    assert (error <= np.maximum(1e-3, 1e-5 * np.maximum(log_r, quadratic))).all()


def test_prepare_takes_a_batch_that_knows_nothing(ops, rng):
    layer, params, signal = setting(rng)
    nothing = Signal(signal.values, np.zeros((1, 1, 1, 1), bool))
    assert layer.prepare(ops, params, [nothing], rng) == params


def test_updates_follow_sigma(ops, rng):
    layer, params, signal = setting(rng)
    statistics = observe(layer, ops, params, signal).statistics
    assert isinstance(statistics, Statistics)
    sharp = layer.maximize(ops, params, statistics, sigma=0.01)
    broad = layer.maximize(ops, params, statistics, sigma=50.0)
    # at a width far beyond the torus all components become one
    np.testing.assert_allclose(np.ptp(broad["means"], axis=1), 0, atol=1e-3)
    assert np.ptp(sharp["means"], axis=1).max() > 0.1


@pytest.mark.parametrize(
    "settings",
    [
        {"components": 0},
        {"components": 4.0},
        {"components": 4, "share": 1},
        {"components": 4, "loss": "mean"},
        {"components": 4, "delay": 1.5},
        {"components": 4, "precision_max": 0.0},
        {"components": 4, "precision_max": float("inf")},
        {"components": 4, "component": 4},
    ],
)
def test_settings_are_strict(settings):
    with pytest.raises(ValidationError):
        GaussianMixture(**settings)


def test_a_selected_component_must_exist():
    layer = GaussianMixture(components=4, sampling=MixtureSampling(selection=4))
    with pytest.raises(ValueError, match="selects component 4, received components: 4"):
        layer.output_shape([SHAPE])


def test_any_number_of_components_works_without_smoothing(ops, rng):
    layer = GaussianMixture(components=7)
    params = random_mixture(rng, components=7, dimensions=4)
    seen = observe(layer, ops, params, Signal(rng.random((2, *SHAPE))))
    assert np.isfinite(seen.loss).all()
    layer.maximize(ops, params, seen.statistics, sigma=0.0)
