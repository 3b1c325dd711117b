"""Parity with numbers that the published code computed.

The file lies in `golden` beside the data directory, DCGRAPH_DATA. The reference normalises the
weights of unshared parameters over all positions together; where a test holds such numbers, it
takes that constant out.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logsumexp

from dcgraph.annealing import Stationarity
from dcgraph.contracts.optimizer import Clock
from dcgraph.layers import Classifier, Folding, GaussianMixture, Pooling
from dcgraph.layers.gmm.density import LOG_2PI
from dcgraph.layers.gmm.sampling import MixtureSampling, emit
from dcgraph.layers.gmm.smoothing import smoothing_matrix
from dcgraph.optimizers import GradientAscent
from dcgraph.signal import Signal

WANT = frozenset({"output", "log_likelihood", "max_component", "loss", "statistics"})


@pytest.fixture(scope="module")
def golden():
    data = os.environ.get("DCGRAPH_DATA")
    path = Path(data or ".").resolve().parent / "golden" / "reference_small.npz"
    if not data or not path.is_file():
        pytest.skip("no file of reference numbers in `golden` beside DCGRAPH_DATA")
    with np.load(path) as arrays:
        return dict(arrays)


def section(golden, prefix):
    """Return the arrays of one case, without its prefix."""
    return {
        name.removeprefix(f"{prefix}_"): array
        for name, array in golden.items()
        if name.startswith(f"{prefix}_")
    }


@pytest.mark.parametrize("case", ["a_fold0", "a_fold1"])
def test_folding(golden, ops, case):
    g = section(golden, case)
    h, w, c, kernel, stride = g["cfg"].tolist()
    layer = Folding(kernel=kernel, stride=stride)
    out = layer.forward(ops, {}, [Signal(g["x"])])
    np.testing.assert_array_equal(out.values, g["fwd"])
    draws = ops.draws(0, "fold", "test", 0, 2)
    (down,) = layer.control(ops, {}, Signal(g["topdown"]), [(h, w, c)], draws)
    np.testing.assert_allclose(down.values, g["bwd"], atol=1e-6)
    assert down.known is None


def test_pooling(golden, ops):
    g = section(golden, "b_pool1")
    h, w, c, kernel, stride = g["cfg"].tolist()
    layer = Pooling(kernel=kernel, stride=stride, ceil=True)
    out = layer.forward(ops, {}, [Signal(g["x"])]).values
    np.testing.assert_array_equal(out, g["fwd_clean"])
    # the reference reads wrong cells where a window sticks out
    np.testing.assert_array_equal(out[:, :-1, :-1], g["fwd_ref"][:, :-1, :-1])
    draws = ops.draws(0, "pool", "test", 0, 2)
    (down,) = layer.control(ops, {}, Signal(g["topdown"]), [(h, w, c)], draws)
    np.testing.assert_array_equal(down.values, g["bwd"])


@dataclass
class Mixture:
    """One mixture case: the layer, its parameters, and the reference's numbers."""

    layer: GaussianMixture
    params: dict
    signal: Signal
    sigma: float
    excess: np.ndarray  # what the reference's weights lack, (h', w') or scalar
    numbers: dict
    rates: tuple[float, float, float, float]

    def of(self, name):
        return self.numbers[f"{name}_{self.dtype}"]

    @property
    def dtype(self):
        return "f32" if self.signal.values.dtype == np.float32 else "f64"


@pytest.fixture(params=["c_gmm0", "c_gmm3"])
def mixture(request, golden, dtype):
    g = section(golden, request.param)
    _, _, _, d, k, shared, sigma, eps, *rates, bound = g["cfg"].tolist()
    k = int(k)
    logits = g["pis"].reshape(-1, k).astype(np.float64)
    excess = logsumexp(logits) - logsumexp(logits, axis=-1)
    params = {
        "means": g["mus"].reshape(-1, k, int(d)),
        "precision_sqrt": g["sigmas"].reshape(-1, k, int(d)),
        "weight_logits": g["pis"].reshape(-1, k),
        "offset": np.zeros(()),
    }
    return Mixture(
        GaussianMixture(components=k, share=bool(shared), precision_max=bound),
        {name: array.astype(dtype) for name, array in params.items()},
        Signal(g["x"].astype(dtype)),
        sigma,
        excess.reshape(g["pis"].shape[1:3]).astype(dtype),
        g,
        (eps, *rates),
    )


def observe(mixture, ops):
    return mixture.layer.observe(
        ops, mixture.params, [mixture.signal], labels=None, sigma=mixture.sigma, want=WANT
    )


def test_mixture_scores_and_posteriors(mixture, ops):
    seen = observe(mixture, ops)
    tolerance = {"rtol": 1e-5, "atol": 1e-4} if mixture.dtype == "f32" else {"atol": 1e-9}
    d = mixture.signal.shape[3]
    scores = mixture.of("log_scores").astype(np.float64) + mixture.excess[..., None]
    constant = d / 2 * LOG_2PI
    np.testing.assert_allclose(seen.max_component, scores.max(axis=-1) - constant, **tolerance)
    np.testing.assert_allclose(
        seen.log_likelihood, logsumexp(scores, axis=-1) - constant, **tolerance
    )
    np.testing.assert_allclose(seen.output.values, mixture.of("resp"), atol=1e-5)
    np.testing.assert_allclose(seen.loss, mixture.of("loss_pos") + mixture.excess, **tolerance)


def test_mixture_gradients(mixture, ops):
    """The published step multiplies by the number of positions; a count per position does too."""
    seen = observe(mixture, ops)
    gradients = mixture.layer.gradients(ops, mixture.params, seen.statistics, sigma=mixture.sigma)
    positions = len(mixture.params["means"])
    for name, theirs in (("means", "mus"), ("precision_sqrt", "sigmas")):
        expected = mixture.of(f"grad_{theirs}").reshape(gradients[name].shape) * positions
        np.testing.assert_allclose(gradients[name], expected, rtol=1e-4, atol=1e-5)
    if positions == 1:
        expected = mixture.of("grad_pis").reshape(gradients["weight_logits"].shape)
        np.testing.assert_allclose(gradients["weight_logits"], expected, rtol=1e-4, atol=1e-6)


def test_mixture_step(mixture, ops):
    eps, on_weights, on_means, on_precisions = mixture.rates
    optimizer = GradientAscent(
        rate=eps,
        rate_floor=0.0,
        factors={
            "weight_logits": on_weights,
            "means": on_means,
            "precision_sqrt": on_precisions,
        },
    )
    seen = observe(mixture, ops)
    clock = Clock(updates=0, fraction=1.0, sigma=mixture.sigma)
    moved, _ = optimizer.step(ops, mixture.layer, mixture.params, seen.statistics, {}, clock)
    moved = mixture.layer.constrain(ops, moved)
    names = {"means": "mus", "precision_sqrt": "sigmas", "weight_logits": "pis"}
    if len(moved["means"]) > 1:
        del names["weight_logits"]  # the reference couples the positions' weights
    for name, theirs in names.items():
        expected = mixture.of(f"{theirs}_after").reshape(moved[name].shape)
        np.testing.assert_allclose(moved[name], expected, atol=2e-6)


def test_smoothing_matrix(golden):
    g = section(golden, "e_mask25")
    for sigma, expected in zip(g["sigmas"], g["masks"], strict=True):
        np.testing.assert_allclose(smoothing_matrix(25, float(sigma)), expected, atol=1e-6)
    np.testing.assert_allclose(
        -2 * np.log(smoothing_matrix(25, 1.0)[0] / smoothing_matrix(25, 1.0)[0, 0]).reshape(5, 5),
        golden["e_grid25_sqdist"],
        atol=1e-5,
    )


def test_stationarity_rule(golden):
    g = section(golden, "f_reg0")
    alpha, _, eps0, eps_inf, sigma0, sigma_inf, gamma, delta = g["cfg"].tolist()
    rule = Stationarity(
        period=int(1 / alpha), gamma=gamma, delta=delta, floor=sigma_inf, start=sigma0
    )
    state = rule.init(width=99.0)
    sigmas, rates = [], []
    for loss in g["losses"].tolist():
        state = rule.advance(state, loss=loss, progress=0.0)
        sigmas.append(state["sigma"])
        rates.append(max(eps0 * state["decay"], eps_inf))
    np.testing.assert_allclose(sigmas, g["sigma_pyfloat"], rtol=1e-5)
    np.testing.assert_allclose(rates, g["eps_pyfloat"], rtol=1e-5)
    assert rule.finished(state)


def test_classifier(golden, ops):
    g = section(golden, "d_lin0")
    n, h, w, d, classes, eps = g["cfg"].tolist()
    shape = int(h), int(w), int(d)
    layer = Classifier(classes=int(classes))
    params = {"weights": g["W"], "bias": g["b"]}
    seen = layer.observe(
        ops, params, [Signal(g["x"])], labels=g["ys"].argmax(axis=1), sigma=0.0, want=WANT
    )
    np.testing.assert_allclose(seen.output.values.reshape(g["probs"].shape), g["probs"], atol=1e-6)
    np.testing.assert_allclose(seen.loss.ravel(), g["loss_per_sample"], rtol=1e-5, atol=1e-6)
    optimizer = GradientAscent(rate=eps, rate_floor=0.0, factors={})
    clock = Clock(updates=0, fraction=1.0, sigma=0.0)
    moved, _ = optimizer.step(ops, layer, params, seen.statistics, {}, clock)
    np.testing.assert_allclose(moved["weights"], g["W_after"], atol=1e-6)
    np.testing.assert_allclose(moved["bias"], g["b_after"], atol=1e-6)

    wanted = layer.wanted(g["classes"], np.float32)
    np.testing.assert_allclose(np.log(wanted).reshape(int(n), -1), g["logT"], atol=1e-5)
    draws = ops.draws(0, "classifier", "test", 0, int(n))
    (down,) = layer.control(ops, params, Signal(wanted), [shape], draws)
    np.testing.assert_allclose(down.values, g["backward"], atol=1e-4)


@dataclass
class RecordedDraws:
    """The reference's normal numbers; its categorical draws are repeated from the outcome."""

    n: int
    z: np.ndarray
    start: int = 0

    def uniform(self, *shape, dtype):
        return np.zeros((self.n, *shape), dtype)

    def normal(self, *shape, dtype):
        return self.z.reshape(self.n, *shape).astype(dtype)


def test_sampling(golden, ops):
    g = section(golden, "g_samp0")
    n, h, w, d, k, _, top, power, _, divisor, _ = g["cfg"].tolist()
    n, h, w, d, k = (int(value) for value in (n, h, w, d, k))
    params = {
        "means": g["mus"].reshape(1, k, d),
        "precision_sqrt": g["sigmas"].reshape(1, k, d),
        "weight_logits": np.zeros((1, k), np.float32),
        "offset": np.zeros((), np.float32),
    }
    offered = []

    class Recorded(type(ops)):
        @staticmethod
        def categorical(weights, uniform):
            offered.append(weights)
            return g["selected"].reshape(n, h, w)

    settings = MixtureSampling(top=int(top), power=power, divisor=divisor)
    draws = RecordedDraws(n, g["z"])
    bound = 20.0
    out = emit(Recorded(), params, Signal(g["topdown"]), (h, w, d), draws, settings, bound)
    # the reference adds 1e-5 to r before it divides
    np.testing.assert_allclose(out.values, g["out"], rtol=1e-4, atol=1e-4)
    assert (g["std"].reshape(n, h, w, d) == 0).any()  # some stand at the bound

    (weights,) = offered
    with np.errstate(divide="ignore"):
        ours = np.log(weights.reshape(-1, k))
    theirs = g["logits"].astype(np.float64)
    np.testing.assert_array_equal(np.isinf(ours), np.isinf(theirs))
    kept = np.isfinite(theirs)
    gaps = np.where(kept, ours, 0) - np.where(kept, theirs, 0)
    for row, mask in zip(gaps, kept, strict=True):  # equal up to a factor
        np.testing.assert_allclose(row[mask], row[mask][0], atol=1e-5)
