import numpy as np
import pytest
from plugin_files import loaded, train_on_digits
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from dcgraph.signal import Signal
from dcgraph.state import Statistics
from dcgraph.testing import LayerConformance

PLUGINS = loaded("factor_analysers")
FactorAnalysers = PLUGINS.layers["factor_analysers"]


class TestTwoFactors(LayerConformance):
    layer = FactorAnalysers(components=3, factors=2)


class TestOneFactor(LayerConformance):
    layer = FactorAnalysers(components=4, factors=1)
    shapes = ((2, 3, 4),)


def parameters(rng, components=3, d=5, factors=2, dtype="float64"):
    return {
        "means": rng.normal(size=(components, d)).astype(dtype),
        "loadings": rng.normal(size=(components, d, factors)).astype(dtype),
        "precision_sqrt": rng.uniform(0.5, 3, (components, d)).astype(dtype),
        "weight_logits": rng.normal(size=components).astype(dtype),
    }


def covariance(params, k):
    loadings, r = params["loadings"][k], params["precision_sqrt"][k]
    return loadings @ loadings.T + np.diag(r**-2.0)


def scipy_scores(params, rows, dimensions=slice(None)):
    """Return log (pi_k N(x; mu_k, L_k L_k' + R_k^-2)), (m, K), of some dimensions."""
    log_pi = params["weight_logits"] - logsumexp(params["weight_logits"])
    chosen = np.arange(rows.shape[1])[dimensions]
    return np.stack(
        [
            log_pi[k]
            + multivariate_normal(
                params["means"][k][chosen], covariance(params, k)[np.ix_(chosen, chosen)]
            ).logpdf(rows[:, chosen])
            for k in range(len(log_pi))
        ],
        axis=-1,
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-3)])
def test_log_likelihoods_are_scipy_s(ops, rng, dtype, tolerance):
    params = parameters(rng, dtype=dtype)
    x = rng.normal(size=(4, 2, 3, 5)).astype(dtype)
    layer = FactorAnalysers(components=3, factors=2)
    want = frozenset({"log_likelihood", "max_component", "output"})
    seen = layer.observe(ops, params, [Signal(x)], labels=None, sigma=0.0, want=want)
    scores = scipy_scores(params, x.reshape(-1, 5)).reshape(4, 2, 3, 3)
    np.testing.assert_allclose(seen.log_likelihood, logsumexp(scores, axis=-1), rtol=tolerance)
    np.testing.assert_allclose(seen.max_component, scores.max(axis=-1), rtol=tolerance)
    posterior = np.exp(scores - logsumexp(scores, axis=-1, keepdims=True))
    np.testing.assert_allclose(seen.output.values, posterior, atol=tolerance)
    assert seen.log_likelihood.dtype == dtype


def test_unknown_dimensions_are_integrated_out(ops, rng):
    params = parameters(rng)
    known = np.array([True, False, True, True, False])
    x = rng.normal(size=(6, 1, 1, 5))
    layer = FactorAnalysers(components=3, factors=2)
    seen = layer.observe(
        *(ops, params, [Signal(x, known.reshape(1, 1, 1, 5))]),
        labels=None,
        sigma=0.0,
        want=frozenset({"log_likelihood"}),
    )
    expected = logsumexp(scipy_scores(params, x.reshape(-1, 5), known), axis=-1)
    np.testing.assert_allclose(seen.log_likelihood.ravel(), expected)


def test_where_nothing_is_known_the_weights_go_up_unknown(ops, rng):
    params = parameters(rng)
    layer = FactorAnalysers(components=3, factors=2)
    up = layer.forward(ops, params, [Signal(np.ones((1, 1, 2, 5)), np.zeros((1, 1, 1, 1), bool))])
    weights = np.exp(params["weight_logits"] - logsumexp(params["weight_logits"]))
    np.testing.assert_allclose(up.values[0, 0, 0], weights)
    assert not up.known.any()


def test_rows_known_in_part_are_not_learned_from(ops, rng):
    params = parameters(rng)
    layer = FactorAnalysers(components=3, factors=2)
    x = rng.normal(size=(6, 1, 1, 5))
    known = np.ones(x.shape, bool)
    known[2:, ..., 0] = False
    want = frozenset({"statistics"})
    part, whole = (
        layer.observe(ops, params, [signal], labels=None, sigma=0.0, want=want).statistics
        for signal in (Signal(x, known), Signal(x[:2]))
    )
    for name, array in whole.sums.items():
        np.testing.assert_allclose(part.sums[name], array)


def em(layer, ops, params, x, steps):
    """Return parameters and mean log-likelihoods of full EM."""
    losses = []
    for _ in range(steps):
        seen = layer.observe(
            *(ops, params, [Signal(x)]),
            labels=None,
            sigma=0.0,
            want=frozenset({"loss", "statistics"}),
        )
        losses.append(float(seen.loss.mean()))
        params = layer.constrain(ops, layer.maximize(ops, params, seen.statistics, sigma=0.0))
    return params, losses


def test_em_never_lowers_the_loss(ops, rng):
    layer = FactorAnalysers(components=3, factors=2, precision_max=100)
    x = rng.normal(size=(300, 1, 1, 5)) @ rng.normal(size=(5, 5))
    _, losses = em(layer, ops, layer.constrain(ops, parameters(rng)), x, 30)
    assert (np.diff(losses) > -1e-9).all()
    assert losses[-1] > losses[0] + 1


def test_em_finds_the_covariance_that_a_factor_analyser_has(ops, rng):
    loadings = np.array([[1.0, 0.0], [1.0, 0.5], [0.0, 1.0], [-0.5, 1.0], [0.5, 0.0]])
    noise = np.array([0.3, 0.4, 0.5, 0.3, 0.4])
    mean = np.array([0.5, -0.5, 0.0, 1.0, 2.0])
    z, e = rng.normal(size=(20_000, 2)), rng.normal(size=(20_000, 5))
    x = (mean + z @ loadings.T + e * noise).reshape(-1, 1, 1, 5)
    layer = FactorAnalysers(components=1, factors=2)
    params, _ = em(layer, ops, layer.constrain(ops, parameters(rng, components=1)), x, 100)
    np.testing.assert_allclose(params["means"][0], mean, atol=0.03)
    expected = loadings @ loadings.T + np.diag(noise**2)
    np.testing.assert_allclose(covariance(params, 0), expected, atol=0.05)


def test_a_component_that_took_nothing_stays_as_it_is(ops, rng):
    params = parameters(rng)
    layer = FactorAnalysers(components=3, factors=2)
    sums = {
        name: array.copy() for name, array in layer.expected_statistics(ops, params).sums.items()
    }
    for array in sums.values():
        array[1] = 0
    better = layer.maximize(ops, params, Statistics(sums, 1), sigma=0.0)
    for name in ("means", "loadings", "precision_sqrt"):
        np.testing.assert_array_equal(better[name][1], params[name][1])
        np.testing.assert_allclose(better[name][0], params[name][0], rtol=1e-6)


def test_draws_have_mean_and_covariance_of_the_component_that_was_asked_for(ops, rng):
    params = parameters(rng)
    layer = FactorAnalysers(components=3, factors=2)
    tau = np.zeros((4000, 1, 2, 3))
    tau[..., 1] = 1
    draws = ops.draws(0, "n", "sample", 0, 4000)
    (down,) = layer.control(ops, params, Signal(tau), [(1, 2, 5)], draws)
    rows = down.values.reshape(-1, 5)
    np.testing.assert_allclose(rows.mean(axis=0), params["means"][1], atol=0.1)
    np.testing.assert_allclose(np.cov(rows.T), covariance(params, 1), atol=0.25)


def test_positions_without_a_signal_stay_without(ops, rng):
    layer = FactorAnalysers(components=3, factors=2)
    tau = np.array([[0.0, 0, 0], [0, 2, 1]]).reshape(1, 1, 2, 3)
    draws = ops.draws(0, "n", "sample", 0, 1)
    (down,) = layer.control(ops, parameters(rng), Signal(tau), [(1, 2, 5)], draws)
    np.testing.assert_array_equal(down.known.ravel(), [False, True])
    assert (down.values[0, 0, 0] == 0).all()


@pytest.mark.parametrize("optimizer", ["em", "sgd"])
def test_it_learns_in_a_graph_and_draws(optimizer):
    nodes = {
        "low": {"type": "factor_analysers", "components": 9, "factors": 2},
        "fold2": {"type": "folding", "kernel": 6},
    }
    settings = {"epochs": 6, "batch_size": 20, "optimizer": {"type": optimizer}}
    model = train_on_digits(PLUGINS, nodes, **settings)
    history = model.record.history["low"]["loss"]
    assert np.mean(history[-3:]) > np.mean(history[:3]) + 0.5
    images = model.sample(3)
    assert images.shape == (3, 8, 8, 1)
    assert np.isfinite(images).all()


def test_means_that_have_too_few_rows_to_begin_at_are_refused(ops, rng):
    layer = FactorAnalysers(components=5)
    params = layer.init([(1, 1, 3)], rng, np.float64)
    with pytest.raises(ValueError, match="5 means cannot begin at 2 rows"):
        layer.prepare(ops, params, [Signal(rng.random((2, 1, 1, 3)))], rng)
