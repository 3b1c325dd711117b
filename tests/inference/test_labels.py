"""Asking a classifier for labels."""

from __future__ import annotations

import numpy as np
import pytest
from builders import graph_of

from dcgraph.errors import InputError, RequestError
from dcgraph.inference.labels import checked_labels, labels_control, the_classifier
from dcgraph.layers import Classifier, GaussianMixture, Input


def graph_with(*classifiers):
    parts = {
        "image": (Input(shape=(2, 2, 1)), ()),
        "gmm": (GaussianMixture(components=4), ("image",)),
    }
    return graph_of({**parts, **{name: (Classifier(classes=3), ("gmm",)) for name in classifiers}})


def test_the_only_classifier_is_meant():
    assert the_classifier(graph_with("c1")) == "c1"
    assert the_classifier(graph_with("c1", "c2"), "c2") == "c2"


@pytest.mark.parametrize(
    ("classifiers", "node", "told"),
    [
        ((), None, "graph 'test' has no classifier: it knows no labels"),
        (("c1", "c2"), None, r"several classifiers \(c1, c2\): name one"),
        (("c1",), "gmm", r"node 'gmm' is no classifier \(those are: c1\)"),
        ((), "gmm", r"\(those are: none\)"),
        (("c1",), "c9", "no node 'c9'"),
    ],
)
def test_no_classifier_is_meant(classifiers, node, told):
    with pytest.raises(RequestError, match=told):
        the_classifier(graph_with(*classifiers), node)


def test_a_label_for_all_or_one_for_each():
    assert checked_labels(2, 3).tolist() == [2, 2, 2]
    assert checked_labels(iter([0, 1, 2]), 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("labels", [1.5, [0, 1], [0.0, 1.0, 2.0], "012", [[0], [1], [2]]])
def test_labels_that_cannot_be(labels):
    with pytest.raises(InputError, match="one integer or 3 of them"):
        checked_labels(labels, 3)


def test_the_signal_is_what_the_classifier_would_say():
    node, wanted = labels_control(graph_with("c1"), np.array([2, 0]), None)
    assert node == "c1"
    np.testing.assert_allclose(wanted[:, 0, 0], [[0.025, 0.025, 0.95], [0.95, 0.025, 0.025]])


@pytest.mark.parametrize("label", [-1, 3, 99])
def test_a_label_that_is_no_class(label):
    with pytest.raises(InputError, match=f"label {label} is no class: labels run from 0 to 2"):
        labels_control(graph_with("c1"), np.array([0, label]), None)
