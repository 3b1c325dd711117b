"""A classifier on the two highest mixtures: it learns, asks for labels, leaves mixtures alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.svm import SVC

import dcgraph
from dcgraph.sources.digits import Digits

CHAIN = "image -> fold1 -> gmm1 -> fold2 -> gmm2"
ANNEALING = {"type": "exponential", "floor": 0.5}  # no component is idle
DOWN = "gmm2 -> fold2 -> gmm1 -> fold1 -> image"


def density(**train: Any) -> dict[str, Any]:
    return {
        "name": "density",
        "data": {"source": "digits"},
        "nodes": {
            "image": {"type": "input", "shape": [8, 8, 1]},
            "fold1": {"type": "folding", "kernel": 3},
            "gmm1": {"type": "gmm", "components": 25},
            "fold2": {"type": "folding", "kernel": 6},
            "gmm2": {"type": "gmm", "components": 64, "delay": 0.1, "annealing": ANNEALING},
        },
        "forward": [CHAIN],
        "control": [DOWN],
        "sampling": {
            "gmm1": {"top": 1, "divisor": 5},
            "gmm2": {"top": 10, "power": 10, "divisor": 5},
        },
        "train": {"epochs": 20, **train},
    }


def conditional(weight_decay: float = 0.0, **train: Any) -> dict[str, Any]:
    """Return the graph of `density` with a classifier on both of its mixtures."""
    document = density(**train)
    sgd = {"type": "sgd", "rate": 3.0, "rate_floor": 0.0, "weight_decay": weight_decay}
    learning = {"optimizer": sgd, "annealing": "linear", "delay": 0.2}
    document["nodes"] |= {
        "pool1": {"type": "pooling", "kernel": 6},
        "join": {"type": "concat"},
        "classifier": {"type": "classifier", "classes": 10, **learning},
    }
    document["forward"] = [f"{CHAIN} -> join -> classifier", "gmm1 -> pool1 -> join"]
    document["control"] = [f"classifier -> join -> {DOWN}"]
    return document


@pytest.fixture(scope="module")
def model():
    return dcgraph.train(conditional())


@pytest.fixture(scope="module")
def splits():
    found = {name: Digits().load(name, None) for name in ("train", "test")}
    return {name: (s.read(np.arange(len(s))), s.labels) for name, s in found.items()}


@pytest.mark.parametrize("optimizer", [{"type": "em"}, {"type": "sgd"}])
def test_learning_classes_changes_no_bit_of_a_mixture(optimizer):
    train = {"epochs": 2, "optimizer": optimizer}
    graphs = density(**train), conditional(**train)
    alone, both = (dcgraph.train(graph).record for graph in graphs)
    assert both.states["classifier"].updates > 0
    assert np.abs(both.states["classifier"].parameters["weights"]).max() > 0.01
    for node in ("gmm1", "gmm2"):
        old, new = alone.states[node], both.states[node]
        assert old.updates == new.updates > 0
        for before, after in ((old.parameters, new.parameters), (old.optimizer, new.optimizer)):
            assert before.keys() == after.keys()
            for name, array in before.items():
                np.testing.assert_array_equal(array, after[name])


def test_it_classifies(model, splits):
    images, labels = splits["test"]
    accuracy = np.mean(model.predict(images) == labels)
    assert accuracy > 0.85
    assert model.record.metrics["classifier"]["accuracy"] == pytest.approx(accuracy)


def test_samples_drawn_by_label_are_of_that_label(model, splits):
    """As a judge sees it that has learned from real images alone."""
    images, labels = splits["train"]
    judge = SVC().fit(images.reshape(len(images), -1), labels)
    wanted = np.arange(200) % 10
    samples = model.sample(200, label=wanted, seed=0)
    taken = judge.predict(samples.clip(0, 1).reshape(200, -1))
    assert np.mean(taken == wanted) > 0.85
    found = samples[wanted == 3]
    assert np.abs(found[1:] - found[0]).max(axis=(1, 2, 3)).min() > 0  # no two are the same


def test_weight_decay_shrinks_the_weights_and_no_mixture():
    free, decayed = (
        dcgraph.train(conditional(weight_decay, epochs=5)).record.states
        for weight_decay in (0.0, 0.01)
    )
    norm, smaller = (
        np.linalg.norm(states["classifier"].parameters["weights"]) for states in (free, decayed)
    )
    assert smaller < 0.9 * norm
    for name, array in free["gmm2"].parameters.items():
        np.testing.assert_array_equal(array, decayed["gmm2"].parameters[name])


def test_a_classifier_starts_at_0():
    """A component that never won asks for no class: a random start would prefer some (eq. 13)."""
    fresh = dcgraph.train(conditional(epochs=0.05)).record.states["classifier"]
    assert fresh.updates == 0
    for array in fresh.parameters.values():
        np.testing.assert_array_equal(array, 0)
