import numpy as np
import pytest
from plugin_files import loaded

from dcgraph.data.dataset import open_dataset
from dcgraph.graph.load import load_graph
from dcgraph.model import Model
from dcgraph.signal import Signal
from dcgraph.training.run import run

PLUGINS = loaded("product_of_experts")
ProductOfExperts = PLUGINS.merges["product_of_experts"]


def experts(rng, n=2, k=4, dtype="float64"):
    return [rng.dirichlet(np.ones(k), (3, 2, 1)).astype(dtype) for _ in range(n)]


@pytest.mark.parametrize("weight", [1.0, 0.5])
def test_it_is_the_normalised_product(ops, rng, dtype, weight):
    first, second = experts(rng, dtype=dtype)
    merged = ProductOfExperts(weight=weight).combine(ops, [Signal(first), Signal(second)])
    expected = (first * second) ** weight
    expected /= expected.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(merged.values, expected, rtol=1e-4)
    assert merged.values.dtype == dtype
    assert merged.known is None


def test_the_scale_of_an_expert_does_not_matter(ops, rng):
    first, second = experts(rng)
    plain = ProductOfExperts().combine(ops, [Signal(first), Signal(second)])
    scaled = ProductOfExperts().combine(ops, [Signal(1000 * first), Signal(0.01 * second)])
    np.testing.assert_allclose(scaled.values, plain.values)


def test_what_one_of_them_rules_out_does_not_come_through(ops):
    first, second = (np.array(p).reshape(1, 1, 1, 3) for p in ([0.9, 0.0, 0.1], [-0.2, 0.9, 0.1]))
    merged = ProductOfExperts().combine(ops, [Signal(first), Signal(second)])
    assert merged.values.ravel() == pytest.approx([0, 0, 1], abs=1e-3)


def test_who_says_nothing_is_not_heard(ops, rng):
    first, second = experts(rng)
    known = np.zeros((3, 2, 1, 1), bool)
    known[0] = True
    second[1] = 0  # no signal either, to a mixture
    merged = ProductOfExperts().combine(ops, [Signal(first, known), Signal(second)])
    np.testing.assert_array_equal(merged.known.ravel(), [1, 1, 0, 0, 1, 1])
    np.testing.assert_allclose(merged.values[2], second[2])
    assert (merged.values[1] == 0).all()


def test_three_experts_in_any_order(ops, rng):
    signals = [Signal(values) for values in experts(rng, n=3)]
    one, other = (ProductOfExperts().combine(ops, order) for order in (signals, signals[::-1]))
    np.testing.assert_allclose(one.values, other.values)


def test_parts_and_whole_meet_in_a_graph():
    document = {
        "plugins": ["product_of_experts"],
        "data": {"source": "digits", "limit": 200},
        "nodes": {
            "image": {"type": "input", "shape": [8, 8, 1]},
            "fold1": {"type": "folding", "kernel": 3},
            "gmm1": {"type": "gmm", "components": 9, "merge": "product_of_experts"},
            "corners": {"type": "folding", "kernel": 3},
            "parts": {"type": "gmm", "components": 9},
            "all": {"type": "folding", "kernel": 6},
            "whole": {"type": "gmm", "components": 9},
            "both": {"type": "concat"},
            "top": {"type": "gmm", "components": 16},
        },
        "forward": [
            "image -> fold1 -> gmm1 -> corners -> parts -> both -> top",
            "gmm1 -> all -> whole -> both",
        ],
        "train": {"epochs": 2},
    }
    graph = load_graph(document, plugins=PLUGINS)
    assert graph["gmm1"].merge == ProductOfExperts()
    dataset = open_dataset(graph.data, (8, 8, 1), None)
    model = Model(run(graph, dataset, plugins=PLUGINS))
    images = model.sample(5, seed=1)
    assert images.shape == (5, 8, 8, 1)
    np.testing.assert_allclose(images, model.sample(5, seed=1))
    mean = load_graph(document, overrides=["gmm1.merge=mean"], plugins=PLUGINS)
    assert mean["gmm1"].merge.type == "mean"
