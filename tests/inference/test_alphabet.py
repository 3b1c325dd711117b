import numpy as np
import pytest
from sklearn.datasets import load_digits

import dcgraph
from dcgraph.errors import RequestError
from dcgraph.graph.load import load_graph
from dcgraph.inference.alphabet import precisions, weights


@pytest.fixture(scope="module")
def images():
    return (load_digits().images[:400, :, :, None] / 16).astype(np.float32)


@pytest.fixture(scope="module")
def model(images):
    return dcgraph.train("F(4,2)-G(9)-F(3)-G(16)", images, epochs=3, seed=0)


def test_the_alphabet_of_the_lowest_node_is_its_means(model):
    means = model.record.states["gmm1"].parameters["means"][0]
    np.testing.assert_allclose(model.alphabet("gmm1"), means.reshape(9, 4, 4, 1), atol=1e-6)


def test_the_alphabet_of_a_higher_node_goes_through_the_means_below(model):
    drawn = model.alphabet()
    assert drawn.shape == (16, 8, 8, 1)
    lower = model.record.states["gmm1"].parameters["means"][0].reshape(9, 4, 4, 1)
    wanted = model.record.states["gmm2"].parameters["means"][0].reshape(16, 3, 3, 9).argmax(axis=3)
    # the corner is covered by the first patch alone
    np.testing.assert_allclose(drawn[:, :2, :2], lower[wanted[:, 0, 0]][:, :2, :2], atol=1e-6)


def test_many_components_are_drawn_as_few_are(images):
    model = dcgraph.train("F(4)-G(121)-F(5)-G(121)", images, epochs=0.5, seed=0)
    means = model.record.states["gmm1"].parameters["means"][0]
    np.testing.assert_allclose(model.alphabet("gmm1"), means.reshape(121, 4, 4, 1), atol=1e-6)


def test_each_position_has_its_own_where_nothing_is_shared(images):
    graph = load_graph("F(4,2)-G(4)", overrides=["gmm1.share=false"], shape=(8, 8, 1))
    model = dcgraph.train(graph, images, epochs=1, seed=0)
    means = model.record.states["gmm1"].parameters["means"]
    for place in range(9):
        drawn = model.alphabet("gmm1", divmod(place, 3))
        np.testing.assert_allclose(drawn, means[place].reshape(4, 4, 4, 1), atol=1e-6)


def test_precisions_stand_over_the_kernel_and_weights_sum_to_one(model):
    state = model.record.states["gmm2"]
    found = precisions(model.graph, state, "gmm2", 0)
    squares = state.parameters["precision_sqrt"][0].astype(float).reshape(16, 3, 3, 9) ** 2
    np.testing.assert_allclose(found[..., 0], squares.mean(axis=3) / squares.max())
    shares = weights(state, 0)
    logits = state.parameters["weight_logits"][0].astype(float)
    np.testing.assert_allclose(np.log(shares[1:] / shares[0]), logits[1:] - logits[0], atol=1e-6)
    assert shares.sum() == pytest.approx(1)


def test_what_has_no_components_or_no_such_position_is_refused(model):
    with pytest.raises(RequestError, match="nodes that have are gmm1, gmm2"):
        model.alphabet("fold1")
    with pytest.raises(RequestError, match="from 0, 0 to 2, 2; there is no 3, 0"):
        model.alphabet("gmm1", (3, 0))
