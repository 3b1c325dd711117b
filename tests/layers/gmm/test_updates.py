"""Gradients and M-step from sufficient statistics.

On a torus M is symmetric, so these tests smooth with a random row-stochastic M: only that tells
M from its transpose.
"""

from __future__ import annotations

import numpy as np
import pytest
from builders import random_mixture, random_rows
from differences import assert_gradient

from dcgraph.backends.numpy.gmm import mixture_observe, mixture_scores
from dcgraph.layers.gmm import updates
from dcgraph.layers.gmm.density import pack
from dcgraph.signal import Signal
from dcgraph.state import Statistics

K, D = 4, 3
SHAPE = (5, 2, 2)
SETS = [1, 4]
BOUND = 20.0


def seen(signal, params, smoothing, *, soft):
    out = mixture_observe(
        signal, pack(np, params), smoothing, soft=soft, want=frozenset({"statistics", "loss"})
    )
    sums = {name: out[name] for name in ("S0", "S1", "S2")}
    return out["loss"], Statistics(sums, out["count"])


def setting(rng, sets, *, smooth=True):
    params = random_mixture(rng, components=K, dimensions=D, sets=sets)
    x = rng.uniform(-1, 1, (*SHAPE, D))
    return x, params, random_rows(rng, K) if smooth else None


def test_statistics_are_smoothed_by_the_transpose_and_divided_by_the_count(rng):
    m = random_rows(rng, K)
    s0, s1 = rng.random((2, K)), rng.random((2, K, D))
    t0, t1, t2 = updates.smoothed(Statistics({"S0": s0, "S1": s1, "S2": 3 * s1}, 7), m)
    np.testing.assert_allclose(t0, np.einsum("kj,pk->pj", m, s0) / 7)
    np.testing.assert_allclose(t1, np.einsum("kj,pkd->pjd", m, s1) / 7)
    np.testing.assert_allclose(t2, 3 * t1)


@pytest.mark.parametrize("name", ["means", "precision_sqrt", "weight_logits"])
@pytest.mark.parametrize("sets", SETS)
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("offset", [0.0, 2.5])
def test_gradients_are_those_of_the_mean_loss(rng, name, sets, soft, offset):
    x, params, m = setting(rng, sets)
    params = {**params, "means": params["means"] + offset, "offset": np.asarray(offset)}
    signal = Signal(x + offset)
    _, statistics = seen(signal, params, m, soft=soft)

    def loss(values):
        # mean over rows of one parameter set, summed over the sets
        return seen(signal, {**params, name: values}, m, soft=soft)[0].sum() / statistics.count

    gradient = updates.gradients(np, params, statistics, m)[name]
    assert_gradient(gradient, loss, params[name])


@pytest.mark.parametrize("sets", SETS)
def test_gradients_of_partly_known_rows(rng, sets):
    """A position that is often unknown must not pull its weights towards uniform."""
    x, params, m = setting(rng, sets)
    known = rng.random(x.shape) < 0.5
    known[:3, 0, 0] = False
    signal = Signal(x, known)
    _, statistics = seen(signal, params, m, soft=True)

    def bound(values):
        """Lower bound of the loss with the assignments held, whose gradient is the loss's."""
        moved = {**params, "weight_logits": values}
        scores = mixture_scores(signal, pack(np, moved))
        any_known = known.any(axis=-1)
        return ((q * (scores @ m.T)).sum(axis=-1) * any_known).sum() / statistics.count

    smoothed = mixture_scores(signal, pack(np, params)) @ m.T
    q = np.exp(smoothed - smoothed.max(axis=-1, keepdims=True))
    q /= q.sum(axis=-1, keepdims=True)
    gradient = updates.gradients(np, params, statistics, m)["weight_logits"]
    assert_gradient(gradient, bound, params["weight_logits"])


def objective(x, q, params, m):
    """Return the mean over rows of sum_k q_k sum_j M_kj score_j."""
    scores = mixture_scores(Signal(x), pack(np, params))
    return (q * (scores @ m.T)).sum(axis=-1).mean()


def assigned(x, params, m, *, soft):
    smoothed = mixture_scores(Signal(x), pack(np, params)) @ m.T
    if not soft:
        return (np.arange(K) == smoothed.argmax(axis=-1)[..., None]).astype(float)
    q = np.exp(smoothed - smoothed.max(axis=-1, keepdims=True))
    return q / q.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("sets", SETS)
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("spread", [1.0, 0.05])  # the smaller one meets the precision bound
def test_the_m_step_is_the_exact_maximiser(rng, sets, soft, spread):
    x, params, m = setting(rng, sets)
    x = x * spread
    m = 0.9 * m + 0.1 / K  # every component takes part
    q = assigned(x, params, m, soft=soft)
    _, statistics = seen(Signal(x), params, m, soft=soft)
    best = updates.maximize(np, params, statistics, m, BOUND)
    reached = objective(x, q, best, m)
    assert reached >= objective(x, q, params, m)
    bound = np.sqrt(BOUND)
    assert (best["precision_sqrt"] <= bound * (1 + 1e-9)).all()
    assert (spread == 1.0) or np.isclose(best["precision_sqrt"], bound).any()
    for _ in range(60):
        other = dict(best)
        name = str(rng.choice(["means", "precision_sqrt", "weight_logits"]))
        width = 10.0 ** rng.uniform(-3, 0)
        other[name] = best[name] + width * rng.standard_normal(best[name].shape)
        other["precision_sqrt"] = np.clip(other["precision_sqrt"], 1e-3, bound)
        assert objective(x, q, other, m) <= reached + 1e-9


@pytest.mark.parametrize("sets", SETS)
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("smooth", [False, True])
def test_full_em_steps_never_lower_the_loss(rng, sets, soft, smooth):
    x, params, m = setting(rng, sets, smooth=smooth)
    losses = []
    for _ in range(8):
        loss, statistics = seen(Signal(x), params, m, soft=soft)
        losses.append(loss.mean())
        params = updates.maximize(np, params, statistics, m, BOUND)
    assert np.diff(losses).min() > -1e-4  # the floor of the weights costs a little
    assert losses[-1] > losses[0] + 0.1


def test_without_smoothing_the_m_step_is_the_textbook_one(rng):
    x, params, _ = setting(rng, 1)
    rows = x.reshape(-1, D)
    q = assigned(x, params, np.eye(K), soft=True).reshape(-1, K)
    _, statistics = seen(Signal(x), params, None, soft=True)
    out = updates.maximize(np, params, statistics, None, 1e9)
    share = q.sum(axis=0)
    means = q.T @ rows / share[:, None]
    variance = q.T @ rows**2 / share[:, None] - means**2
    np.testing.assert_allclose(out["means"][0], means)
    np.testing.assert_allclose(out["precision_sqrt"][0], variance**-0.5)
    np.testing.assert_allclose(np.exp(out["weight_logits"][0]), share / len(rows))


def test_a_component_that_won_nothing_keeps_mean_and_precision(rng, dtype):
    params = random_mixture(rng, components=3, dimensions=2, dtype=dtype)
    s0 = np.array([[6.0, 0.0, 4e-6]], dtype)  # of 10 rows: the last is below 1e-6, too
    s1 = np.array([[[6.0, 0], [0, 0], [1e-6, 1e-6]]], dtype)
    statistics = Statistics({"S0": s0, "S1": s1, "S2": 2 * np.abs(s1)}, 10)
    out = updates.maximize(np, params, statistics, None, BOUND)
    for name in ("means", "precision_sqrt"):
        np.testing.assert_array_equal(out[name][0, 1:], params[name][0, 1:])
        assert (out[name][0, 0] != params[name][0, 0]).all()
        assert out[name].dtype == dtype
    weights = np.exp(out["weight_logits"][0].astype(float))
    expected = np.array([0.6, 1e-6, 1e-6]) / 0.600002
    np.testing.assert_allclose(weights, expected, rtol=1e-5)


def test_a_variance_that_rounds_below_0_stands_at_the_floor():
    params = random_mixture(np.random.default_rng(0), components=1, dimensions=1)
    mean, second = np.full((1, 1, 1), 0.5), np.full((1, 1, 1), 0.2499)
    statistics = Statistics({"S0": np.ones((1, 1)), "S1": mean, "S2": second}, 1)
    out = updates.maximize(np, params, statistics, None, BOUND)
    np.testing.assert_allclose(out["precision_sqrt"], np.sqrt(BOUND))


def test_the_m_step_returns_parameters_that_expect_themselves(rng):
    params = random_mixture(rng, components=K, dimensions=D, sets=3, offset=1.5)
    statistics = updates.expected_statistics(np, params)
    assert statistics.count == 1
    out = updates.maximize(np, params, statistics, None, BOUND)
    np.testing.assert_allclose(out["means"], params["means"])
    np.testing.assert_allclose(out["precision_sqrt"], params["precision_sqrt"])
    gaps = out["weight_logits"] - params["weight_logits"]
    np.testing.assert_allclose(gaps - gaps[:, :1], 0, atol=1e-9)
    gradients = updates.gradients(np, params, statistics, None)
    for gradient in gradients.values():
        np.testing.assert_allclose(gradient, 0, atol=1e-9)


def test_constrain_keeps_precision_roots_in_bounds(ops, dtype):
    r = np.array([[[-3.0, 0.0, 1e-9, 1.0, 4.4, 5.0, 1e9]]], dtype)
    params = {"means": np.zeros_like(r), "precision_sqrt": r, "weight_logits": np.zeros((1, 1))}
    out = updates.constrain(ops, params, BOUND)
    expected = [1e-3, 1e-3, 1e-3, 1.0, 4.4, np.sqrt(20), np.sqrt(20)]
    np.testing.assert_allclose(out["precision_sqrt"].ravel(), expected, rtol=1e-6)
    assert out["precision_sqrt"].dtype == dtype
    assert out["means"] is params["means"]
    np.testing.assert_array_equal(r.ravel()[:2], [-3, 0])
