"""Sampling settings, of one node and of all that have them."""

from __future__ import annotations

import pytest
from builders import graph_of

from dcgraph.errors import RequestError
from dcgraph.inference.settings import configured, with_sampling
from dcgraph.layers import Classifier, Folding, GaussianMixture, Input, Pooling


@pytest.fixture
def graph():
    return graph_of(
        {
            "image": (Input(shape=(6, 6, 1)), ()),
            "fold1": (Folding(kernel=3), ("image",)),
            "gmm1": (GaussianMixture(components=4), ("fold1",)),
            "pool": (Pooling(kernel=2), ("gmm1",)),
            "gmm2": (GaussianMixture(components=4), ("pool",)),
            "fold2": (Folding(kernel=2), ("gmm2",)),
            "classifier": (Classifier(classes=3), ("fold2",)),
        }
    )


def settings(graph, name):
    return {node: getattr(each.layer.sampling, name, None) for node, each in graph.nodes.items()}


def test_each_setting_goes_to_the_nodes_that_have_it(graph):
    changed = configured(graph, {"top": 1, "confidence": 0.7, "rate": 0.5}, sharpen=9)
    nobody = dict.fromkeys(graph.nodes)
    assert settings(changed, "top") == {**nobody, "gmm1": 1, "gmm2": 1}
    assert settings(changed, "confidence") == {**nobody, "classifier": 0.7}
    # no mixture stands above fold2: there is nothing to sharpen towards
    assert settings(changed, "sharpen") == {**nobody, "fold1": 9, "pool": 9, "fold2": 0}
    assert settings(changed, "rate") == {**nobody, "fold1": 0.5, "pool": 0.5, "fold2": "auto"}


def test_nothing_of_the_graph_itself_changes(graph):
    configured(graph, {"top": 1}, sharpen=9)
    assert settings(graph, "top")["gmm1"] == 3
    assert settings(graph, "sharpen")["fold1"] == 0
    assert configured(graph, {}) is graph


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"topp": 1}, "did you mean 'top'"),
        ({"nonsense": 1}, "no node of graph 'test' has a sampling setting 'nonsense'"),
        ({"top": -1}, "greater than or equal to 0, received -1"),
        ({"top": 1.5}, "received 1.5"),
        ({"selection": 4}, "indices run from 0 to 3"),
        ({"confidence": 1.0}, "less than 1, received 1.0"),
        ({"weight": -1.0}, "greater than or equal to 0"),
    ],
)
def test_settings_that_cannot_be(graph, changes, told):
    with pytest.raises(RequestError, match=told):
        configured(graph, changes)


def test_sharpening_cannot_go_backwards(graph):
    with pytest.raises(RequestError, match="cannot sharpen -1 times"):
        configured(graph, {}, sharpen=-1)


def test_a_node_has_its_own_settings_only(graph):
    assert with_sampling(graph, {"top": 2}, "gmm1")["gmm1"].layer.sampling.top == 2
    with pytest.raises(RequestError, match="node 'fold1' has no sampling setting 'top'"):
        with_sampling(graph, {"top": 2}, "fold1")
