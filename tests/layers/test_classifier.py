"""The linear classifier: softmax regression upward, its inversion downward."""

from __future__ import annotations

import numpy as np
import pytest
from differences import assert_gradient
from pydantic import ValidationError
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from dcgraph.layers import Classifier
from dcgraph.layers.classifier import ClassifierSampling
from dcgraph.signal import Signal

SHAPE, CLASSES, N = (2, 3, 2), 4, 5
WANT = frozenset({"output", "log_likelihood", "loss", "statistics"})


@pytest.fixture
def layer():
    return Classifier(classes=CLASSES)


@pytest.fixture
def params(rng):
    return {"weights": rng.standard_normal((12, CLASSES)), "bias": rng.standard_normal(CLASSES)}


@pytest.fixture
def batch(rng):
    return Signal(rng.standard_normal((N, *SHAPE))), np.array([0, 3, 1, 1, 2])


def observe(layer, ops, params, signal, labels, want=WANT):
    return layer.observe(ops, params, [signal], labels=labels, sigma=0.0, want=want)


def test_output_is_the_softmax(ops, layer, params, batch):
    signal, _ = batch
    assert layer.output_shape([SHAPE]) == (1, 1, CLASSES)
    logits = signal.values.reshape(N, -1) @ params["weights"] + params["bias"]
    out = layer.forward(ops, params, [signal])
    np.testing.assert_allclose(out.values, softmax(logits, axis=1).reshape(N, 1, 1, CLASSES))


def test_large_logits_stay_finite(ops, layer, params):
    signal = Signal(np.full((1, *SHAPE), 1e4))
    seen = observe(layer, ops, params, signal, np.array([0]))
    assert np.isfinite(seen.loss).all()
    np.testing.assert_allclose(seen.output.values.sum(), 1)


def test_the_loss_is_the_log_probability_of_the_label(ops, layer, params, batch):
    signal, labels = batch
    logits = signal.values.reshape(N, -1) @ params["weights"] + params["bias"]
    seen = observe(layer, ops, params, signal, labels)
    expected = log_softmax(logits, axis=1)[np.arange(N), labels]
    np.testing.assert_allclose(seen.loss.ravel(), expected)
    assert seen.loss.shape == (N, 1, 1)


@pytest.mark.parametrize("name", ["weights", "bias"])
def test_gradients_are_those_of_the_mean_loss(ops, layer, params, batch, name):
    signal, labels = batch

    def mean_loss(values):
        moved = {**params, name: values}
        return observe(layer, ops, moved, signal, labels).loss.mean()

    statistics = observe(layer, ops, params, signal, labels).statistics
    gradient = layer.gradients(ops, params, statistics, sigma=0.0)[name]
    assert_gradient(gradient, mean_loss, params[name])


def test_the_maximum_of_scikit_learn_is_stationary(ops, layer, rng):
    rows = rng.standard_normal((60, 12))
    labels = rng.integers(0, CLASSES, 60)
    model = LogisticRegression(C=1e6, tol=1e-8, max_iter=5000).fit(rows, labels)
    params = {"weights": model.coef_.T, "bias": model.intercept_}
    statistics = observe(layer, ops, params, Signal(rows.reshape(60, *SHAPE)), labels).statistics
    for gradient in layer.gradients(ops, params, statistics, sigma=0.0).values():
        np.testing.assert_allclose(gradient, 0, atol=1e-4)


def test_statistics_add_over_parts_of_a_batch(ops, layer, params, batch):
    signal, labels = batch
    whole = observe(layer, ops, params, signal, labels).statistics
    parts = [
        observe(layer, ops, params, signal.block(*cut), labels[slice(*cut)]).statistics
        for cut in ((0, 2), (2, N))
    ]
    total = parts[0] + parts[1]
    assert total.count == whole.count == N
    for name, array in whole.sums.items():
        np.testing.assert_allclose(total.sums[name], array)


def test_without_labels_there_is_an_output_and_nothing_else(ops, layer, params, batch):
    seen = observe(layer, ops, params, batch[0], None)
    assert seen.output is not None
    assert seen.loss is None
    assert seen.statistics is None


def test_input_gradient(ops, layer, params, batch, rng):
    signal, _ = batch
    grad = rng.standard_normal((N, 1, 1, CLASSES))
    (gradient,) = layer.input_gradient(ops, params, [signal], grad)
    assert_gradient(
        gradient,
        lambda v: (layer.forward(ops, params, [Signal(v)]).values * grad).sum(),
        signal.values,
    )


def test_control_inverts_the_classifier(ops, layer, params):
    y = layer.wanted(np.array([2, 0]), np.float64)
    draws = ops.draws(0, "classifier", "test", 0, 2)
    (down,) = layer.control(ops, params, Signal(y), [SHAPE], draws)
    tau = (np.log(y.reshape(2, CLASSES)) - params["bias"]) @ params["weights"].T
    tau -= tau.min(axis=1, keepdims=True)
    np.testing.assert_allclose(down.values, tau.reshape(2, *SHAPE))
    np.testing.assert_array_equal(down.values.min(axis=(1, 2, 3)), 0)
    assert layer.control(ops, params, None, [SHAPE], draws) == (None,)


def test_probabilities_that_rounded_to_0_are_inverted_too(ops, layer, params, dtype):
    """As the classifier's own activity may be, sent down again for variants."""
    y = np.eye(CLASSES, dtype=dtype)[[1, 3]].reshape(2, 1, 1, CLASSES)
    own = {name: array.astype(dtype) for name, array in params.items()}
    draws = ops.draws(0, "classifier", "test", 0, 2)
    (down,) = layer.control(ops, own, Signal(y), [SHAPE], draws)
    assert np.isfinite(down.values).all()
    assert down.values.dtype == dtype


@pytest.mark.parametrize("confidence", [0.95, 0.5])
def test_wanted_labels_become_probabilities_above_0(confidence, dtype):
    layer = Classifier(classes=3, sampling=ClassifierSampling(confidence=confidence))
    y = layer.wanted([1, 2], dtype)
    assert y.dtype == dtype
    rest = (1 - confidence) / 2
    expected = [[rest, confidence, rest], [rest, rest, confidence]]
    np.testing.assert_allclose(y.reshape(2, 3), expected, rtol=1e-6)


@pytest.mark.parametrize("label", [-1, CLASSES])
def test_a_label_that_is_no_class_is_named(layer, label):
    with pytest.raises(ValueError, match=f"label {label} is no class: labels run from 0 to 3"):
        layer.wanted([0, label], np.float64)


def test_initial_weights_have_the_declared_shapes(layer, dtype):
    arrays = layer.init([SHAPE], np.random.default_rng(0), dtype)
    assert {name: a.shape for name, a in arrays.items()} == layer.parameter_shapes([SHAPE])
    assert all(array.dtype == dtype for array in arrays.values())


@pytest.mark.parametrize("settings", [{"classes": 1}, {"classes": 2.0}, {}, {"classes": True}])
def test_settings_are_strict(settings):
    with pytest.raises(ValidationError):
        Classifier(**settings)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 1])
def test_confidence_lies_between_0_and_1(confidence):
    with pytest.raises(ValidationError):
        ClassifierSampling(confidence=confidence)
