"""Whole graphs as estimators: images from rows, outliers, samples, classes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

import dcgraph
from dcgraph.inference.density import BATCH

CHAIN = "F(4,2)-G(16)-F(3)-G(25)"


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y


@pytest.fixture(scope="module")
def fitted(digits):
    X, y = digits
    model = dcgraph.DCGMM(CHAIN, image_shape=(8, 8), contamination=0.05, random_state=0)
    return model.fit(X[y != 0])


def test_it_is_the_model_that_train_makes(digits, fitted):
    X, y = digits
    images = X[y != 0].reshape(-1, 8, 8, 1)
    epochs = fitted.model_.graph.train.epochs
    direct = dcgraph.train(CHAIN, images, epochs=epochs, seed=0)
    for name, state in direct.record.states.items():
        ours = fitted.model_.record.states[name]
        for key, array in state.parameters.items():
            np.testing.assert_array_equal(ours.parameters[key], array)
    np.testing.assert_allclose(
        fitted.score_samples(X[y != 0]), direct.log_likelihood(images), rtol=1e-5
    )


def test_outliers_are_those_below_the_offset(digits, fitted):
    X, y = digits
    inliers = X[y != 0]
    assert (fitted.predict(inliers) == -1).mean() == pytest.approx(0.05, abs=0.002)
    assert (fitted.predict(1 - inliers) == -1).all()
    np.testing.assert_array_equal(
        fitted.decision_function(X), fitted.score_samples(X) - fitted.offset_
    )


def test_rows_far_from_all_that_was_learned_are_scored(fitted):
    assert fitted.predict(np.full((1, 64), 1e4, np.float32)) == -1


def test_activities_and_scores_are_of_the_node_that_is_named(digits):
    X, _ = digits
    model = dcgraph.DCGMM(CHAIN, image_shape=(8, 8), node="gmm1", epochs=1, random_state=0).fit(X)
    images = X.reshape(-1, 8, 8, 1)
    expected = model.model_.activities(images, "gmm1").reshape(len(X), -1)
    np.testing.assert_array_equal(model.transform(X[:BATCH]), expected[:BATCH])
    # of more rows an estimator makes larger batches, whose products round otherwise
    np.testing.assert_allclose(model.transform(X), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        model.score_samples(X), model.model_.log_likelihood(images, "gmm1"), rtol=1e-5
    )


def test_samples_are_rows(fitted):
    drawn = fitted.sample(7, top=1)
    assert drawn.shape == (7, 64)
    assert len(np.unique(drawn, axis=0)) > 1


def test_a_graph_with_an_input_says_what_rows_are(digits):
    X, _ = digits
    graph = {
        "name": "own",
        "data": {"source": "digits"},  # which is left out
        "nodes": {
            "image": {"type": "input", "shape": [8, 8, 1]},
            "fold": {"type": "folding", "kernel": 8},
            "mixture": {"type": "gmm", "components": 9},
        },
        "forward": ["image -> fold -> mixture"],
    }
    model = dcgraph.DCGMM(graph, epochs=1, overrides=("mixture.precision_max=50",)).fit(X)
    assert model.model_.graph["image"].shape == (8, 8, 1)
    assert model.model_.graph["mixture"].layer.precision_max == 50
    assert model.model_.graph.data is None


def test_partial_fit_anneals_over_its_schedule(digits):
    X, _ = digits
    model = dcgraph.DCGMM(n_components=25, random_state=0)
    widths = []
    for piece in np.array_split(X, 6):
        model.partial_fit(piece, total_steps=18)
        widths.append(model.model_.record.states["gmm1"].annealing["sigma"])
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 0.1
    assert widths[-1] == pytest.approx(0.01)
    assert model.model_.record.complete
    assert model.score(X) > dcgraph.DCGMM(n_components=1, random_state=0).fit(X).score(X)


def test_a_classifier_takes_any_labels(digits):
    X, y = digits
    names = np.array(["zero", "one", "two", "three"])
    chosen = y < 4
    X, y = X[chosen], names[y[chosen]]
    model = dcgraph.DCGMMClassifier("F(4,2)-G(25)-C(10)", image_shape=(8, 8), random_state=0)
    model.fit(X[:500], y[:500])
    assert list(model.classes_) == sorted(names)
    assert model.score(X[500:], y[500:]) > 0.85
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-5)


def test_a_classifier_on_a_stream_knows_all_classes_from_the_start(digits):
    X, y = digits
    model = dcgraph.DCGMMClassifier(random_state=0)
    with pytest.raises(ValueError, match="first call"):
        model.partial_fit(X[:100], y[:100])
    model.partial_fit(X[:100], y[:100], classes=np.arange(11))
    assert model.predict_proba(X[:3]).shape == (3, 11)
    with pytest.raises(ValueError, match="not the same"):
        model.partial_fit(X[:100], y[:100], classes=np.arange(10))
    with pytest.raises(ValueError, match=r"not among the classes: \[12\]"):
        model.partial_fit(X[:2], np.array([1, 12]))
