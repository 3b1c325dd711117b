"""The way down through a mixture: which components are drawn, and what they emit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from builders import random_mixture
from pydantic import ValidationError
from scipy import stats
from scipy.special import softmax

from dcgraph.layers import GaussianMixture
from dcgraph.layers.gmm.sampling import MixtureSampling, emit
from dcgraph.signal import Signal

K, D = 4, 3
BOUND = 20.0


@dataclass
class FixedDraws:
    """Draws that are the same number everywhere."""

    n: int
    start: int = 0
    u: float = 0.5
    z: float = 0.0

    def uniform(self, *shape, dtype):
        return np.full((self.n, *shape), self.u, dtype)

    def normal(self, *shape, dtype):
        return np.full((self.n, *shape), self.z, dtype)


def numbered_mixture(sets=1, components=K, dtype=np.float64):
    """Return a mixture whose means say which set and component they belong to."""
    names = 100 * np.arange(sets)[:, None] + np.arange(components)
    means = np.repeat(names[..., None], D, axis=-1).astype(dtype)
    return {
        "means": means,
        "precision_sqrt": np.full_like(means, 2.0),
        "weight_logits": np.zeros((sets, components), dtype),
        "offset": np.zeros((), dtype),
    }


def components_drawn(ops, tau, *, n=4000, **settings):
    """Return how often each component is drawn for control values of one position."""
    tau = np.asarray(tau, float)
    signal = Signal(np.broadcast_to(tau, (n, 1, 1, len(tau))))
    draws = ops.draws(1, "gmm", "test", 0, n)
    params = numbered_mixture(components=len(tau))
    settings = MixtureSampling(divisor=1e12, **settings)
    out = emit(ops, params, signal, (1, 1, D), draws, settings, BOUND)
    return np.bincount(np.rint(out.values[:, 0, 0, 0]).astype(int), minlength=len(tau))


def assert_frequencies(counts, weights):
    weights = np.asarray(weights, float)
    possible = weights > 0
    assert counts[~possible].sum() == 0
    expected = counts.sum() * weights / weights.sum()
    assert stats.chisquare(counts[possible], expected[possible]).pvalue > 1e-3


@pytest.mark.parametrize(
    ("settings", "tau", "weights"),
    [
        ({"top": 0}, [1, 2, 3, 4], [1, 2, 3, 4]),
        ({"top": 4}, [1, 2, 3, 4], [1, 2, 3, 4]),
        ({"top": 9}, [1, 2, 3, 4], [1, 2, 3, 4]),
        ({}, [1, 2, 3, 4], [0, 2, 3, 4]),
        ({"top": 2}, [1, 5, 3, 4], [0, 5, 0, 4]),
        ({"top": 2}, [3, 5, 3, 1], [3, 5, 3, 0]),  # ties are kept
        ({"top": 1}, [2, 2, 2, 2], [1, 1, 1, 1]),
        ({"top": 0, "power": 2.0}, [1, 2, 3, 1], [1, 4, 9, 1]),
        ({"top": 0, "power": 0.5}, [1, 4, 9, 16], [1, 2, 3, 4]),
        ({"top": 2}, [3e4, 1, 2e4, 1.1e4], [1, 0, 1, 1]),  # clipped at 11000, hence tied
        ({"top": 0}, [1, 2, 2, 1e-7], [1, 2, 2, 1e-6]),
    ],
)
def test_components_are_drawn_by_their_control_values(ops, settings, tau, weights):
    counts = components_drawn(ops, tau, **settings)
    if min(weights) == 1e-6:
        counts, weights = counts[:3], weights[:3]
    assert_frequencies(counts, weights)


@pytest.mark.parametrize(
    "tau", [[1e-4, 2e-4, 1e-4, 1e-5], [1e4, 2e4, 1e4, 1e5], [0.3, 0.4, 0.3, 0]]
)
@pytest.mark.parametrize("top", [0, 2])
def test_a_high_power_takes_the_largest(ops, tau, top):
    counts = components_drawn(ops, tau, n=50, power=300.0, top=top)
    largest = np.clip(tau, 0, 11000) == np.clip(tau, 0, 11000).max()
    assert counts[largest].sum() == counts.sum()


def test_what_a_component_emits_is_a_draw_of_its_gaussian(ops, rng):
    params = random_mixture(rng, components=1, dimensions=D)
    n, divisor = 5000, 2.5
    draws = ops.draws(0, "gmm", "test", 0, n)
    settings = MixtureSampling(divisor=divisor)
    out = emit(ops, params, None, (1, 1, D), draws, settings, BOUND).values.reshape(n, D)
    for d in range(D):
        scale = 1 / (params["precision_sqrt"][0, 0, d] * divisor)
        assert stats.kstest(out[:, d], "norm", (params["means"][0, 0, d], scale)).pvalue > 1e-3
    assert np.abs(np.corrcoef(out.T) - np.eye(D)).max() < 0.06


def test_dimensions_at_the_precision_bound_are_frozen(ops, dtype):
    params = numbered_mixture(dtype=dtype)
    params["precision_sqrt"][..., 0] = np.sqrt(BOUND)
    params["precision_sqrt"][..., 1] = np.sqrt(BOUND) * 0.999
    settings = {"selection": 2}
    frozen, free = (
        emit(
            ops,
            params,
            None,
            (1, 1, D),
            FixedDraws(1, z=1.0),
            MixtureSampling(freeze_at_bound=freeze, **settings),
            BOUND,
        ).values.ravel()
        for freeze in (True, False)
    )
    expected = 2 + 1 / params["precision_sqrt"][0, 2]
    np.testing.assert_allclose(free, expected, rtol=1e-6)
    np.testing.assert_allclose(frozen, [2, *expected[1:]], rtol=1e-6)
    assert frozen.dtype == dtype


@pytest.mark.parametrize("sets", [1, 6])
def test_with_nothing_above_components_come_from_the_prior(ops, sets):
    params = numbered_mixture(sets)
    params["weight_logits"][:] = np.log([0.05, 0.5, 0.15, 0.3])
    n = 1500
    for prior, weights in (("uniform", [1, 1, 1, 1]), ("weights", [0.05, 0.5, 0.15, 0.3])):
        draws = ops.draws(5, "gmm", "test", 0, n)
        settings = MixtureSampling(prior=prior, top=0, divisor=1e12)
        out = emit(ops, params, None, (2, 3, D), draws, settings, BOUND)
        assert out.known is None
        index = np.rint(out.values[..., 0]).astype(int) % 100
        assert_frequencies(np.bincount(index.ravel(), minlength=K), weights)


def test_positions_take_their_own_parameter_set(ops):
    draws = ops.draws(0, "gmm", "test", 0, 2)
    settings = MixtureSampling(divisor=1e12)
    out = emit(ops, numbered_mixture(6), None, (2, 3, D), draws, settings, BOUND)
    np.testing.assert_array_equal(
        np.rint(out.values[..., 0]) // 100, np.broadcast_to(np.arange(6).reshape(2, 3), (2, 2, 3))
    )


def test_cycle_counts_positions_through_the_components(ops):
    settings = MixtureSampling(selection="cycle")
    out = emit(ops, numbered_mixture(), None, (2, 3, D), FixedDraws(2), settings, BOUND)
    np.testing.assert_array_equal(out.values[..., 0].ravel(), np.arange(12) % K)


def test_cycle_does_not_depend_on_how_samples_are_batched(ops):
    settings = MixtureSampling(selection="cycle")
    together, rest = (
        emit(ops, numbered_mixture(), None, (1, 3, D), draws, settings, BOUND).values
        for draws in (FixedDraws(3), FixedDraws(1, start=2))
    )
    np.testing.assert_array_equal(together[2:], rest)


def test_the_top_are_found_among_many(ops, rng):
    tau = rng.permutation(np.arange(1.0, 50.0))
    counts = components_drawn(ops, tau, top=5)
    assert set(np.flatnonzero(counts)) == set(np.argsort(tau)[-5:])


def test_an_index_takes_that_component(ops):
    settings = MixtureSampling(selection=3)
    out = emit(ops, numbered_mixture(), None, (2, 3, D), FixedDraws(2), settings, BOUND)
    np.testing.assert_array_equal(out.values, 3)


@pytest.mark.parametrize("selection", ["draw", "cycle", 1])
def test_positions_without_a_signal_emit_0_marked(ops, selection):
    tau = np.ones((2, 1, 3, K))
    tau[0, 0, 0] = 0.0
    tau[0, 0, 1] = -1.0
    known = np.ones((2, 1, 3, 1), bool)
    known[1, 0, 2] = False
    params = numbered_mixture()
    params["means"] += 1
    settings = MixtureSampling(selection=selection)
    out = emit(ops, params, Signal(tau, known), (1, 3, D), FixedDraws(2), settings, BOUND)
    present = np.array([[[False, False, True]], [[True, True, False]]])[..., None]
    np.testing.assert_array_equal(np.broadcast_to(out.known, (2, 1, 3, 1)), present)
    np.testing.assert_array_equal(out.values != 0, np.broadcast_to(present, out.shape))


def test_components_without_a_signal_are_not_drawn_while_others_have_one(ops):
    known = np.array([True, False, True, False]).reshape(1, 1, 1, K)
    signal = Signal(np.full((300, 1, 1, K), 0.5), known)
    draws = ops.draws(0, "gmm", "test", 0, 300)
    settings = MixtureSampling(top=2, divisor=1e12)
    out = emit(ops, numbered_mixture(), signal, (1, 1, D), draws, settings, BOUND)
    assert set(np.rint(out.values[:, 0, 0, 0])) == {0, 2}


def test_a_sample_does_not_depend_on_the_others(ops, dtype, rng):
    layer = GaussianMixture(components=K, share=False)
    params = random_mixture(rng, components=K, dimensions=D, sets=6, dtype=dtype)
    tau = rng.random((6, 2, 3, K)).astype(dtype)

    def sampled(start, stop):
        draws = ops.draws(9, "gmm", "test", start, stop - start)
        (out,) = layer.control(ops, params, Signal(tau[start:stop]), [(2, 3, D)], draws)
        return out.values

    together = sampled(0, 6)
    assert together.dtype == dtype
    np.testing.assert_array_equal(
        together, np.concatenate([sampled(0, 1), sampled(1, 4), sampled(4, 6)])
    )
    assert len(np.unique(together)) == together.size


def test_values_are_never_clipped(ops):
    params = numbered_mixture()
    params["precision_sqrt"][:] = 0.1
    out = emit(
        ops, params, None, (1, 1, D), FixedDraws(1, z=3.0), MixtureSampling(selection=0), BOUND
    )
    np.testing.assert_allclose(out.values, 30)


def test_the_weights_prior_is_the_softmax_of_each_set(ops, rng):
    params = numbered_mixture(2)
    params["weight_logits"] = rng.standard_normal((2, K)) * 2
    n = 4000
    draws = ops.draws(2, "gmm", "test", 0, n)
    settings = MixtureSampling(prior="weights", top=0, divisor=1e12)
    out = emit(ops, params, None, (1, 2, D), draws, settings, BOUND)
    index = np.rint(out.values[:, 0, :, 0]).astype(int) % 100
    for position in (0, 1):
        counts = np.bincount(index[:, position], minlength=K)
        assert_frequencies(counts, softmax(params["weight_logits"][position]))


@pytest.mark.parametrize(
    "settings",
    [
        {"top": -1},
        {"top": 1.0},
        {"power": 0.0},
        {"divisor": 0.0},
        {"divisor": float("nan")},
        {"selection": -1},
        {"selection": "best"},
        {"selection": True},
        {"prior": "flat"},
        {"freeze_at_bound": 1},
    ],
)
def test_settings_are_strict(settings):
    with pytest.raises(ValidationError):
        MixtureSampling(**settings)
