"""Beginning with another model's parameters, and learning a classifier on top of a frozen model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dcgraph
from dcgraph.errors import RequestError
from dcgraph.graph.load import load_graph
from dcgraph.training.takeover import transfers

DENSITY = "F(3,2)-G(9)-F(3,1)-G(16)"


def conditional(**first: Any) -> dict[str, Any]:
    """Return a graph with a classifier on the mixtures of `DENSITY`, which do not learn."""
    frozen = {"trainable": False}
    return {
        "name": "conditional",
        "data": {"source": "digits"},
        "nodes": {
            "image": {"type": "input", "shape": [8, 8, 1]},
            "fold1": {"type": "folding", "kernel": 3, "stride": 2},
            "gmm1": {"type": "gmm", "components": 9, **frozen, **first},
            "fold2": {"type": "folding", "kernel": 3},
            "gmm2": {"type": "gmm", "components": 16, **frozen},
            "join": {"type": "concat"},
            "classifier": {"type": "classifier", "classes": 10},
        },
        "forward": [
            "image -> fold1 -> gmm1 -> fold2 -> gmm2 -> join -> classifier",
            "gmm1 -> join",
        ],
        "control": ["classifier -> join -> gmm2 -> fold2 -> gmm1 -> fold1 -> image"],
    }


@pytest.fixture(scope="module")
def donor(tmp_path_factory):
    model = dcgraph.train(DENSITY, epochs=3)
    path = tmp_path_factory.mktemp("donor") / "m.h5"
    model.save(path)
    return path


def test_a_classifier_is_learned_on_a_frozen_model(donor):
    before = dcgraph.load(donor)
    after = dcgraph.train(conditional(), epochs=3, init=donor)
    for name in ("gmm1", "gmm2"):
        old, new = (model.record.states[name] for model in (before, after))
        assert new.updates == old.updates > 0
        for key, array in old.parameters.items():
            np.testing.assert_array_equal(new.parameters[key], array)
    assert after.record.metrics["classifier"]["accuracy"] > 0.3  # chance is 0.1
    assert after.record.provenance["taken_over"] == "gmm1 gmm2"
    samples = after.sample(4, label=[0, 1, 2, 3])
    assert samples.shape == (4, 8, 8, 1)
    images = np.random.default_rng(0).random((3, 8, 8, 1)).astype("f4")
    np.testing.assert_array_equal(
        before.log_likelihood(images, "gmm2"), after.log_likelihood(images, "gmm2")
    )


def test_what_goes_on_learning_begins_where_the_other_stood(donor):
    graph = conditional(trainable=True, annealing="off")
    record = dcgraph.load(donor).record
    model = dcgraph.train(graph, epochs=0.05, init=donor)
    old, new = record.states["gmm1"], model.record.states["gmm1"]
    assert new.updates == old.updates + model.record.step
    moved = np.abs(new.parameters["means"] - old.parameters["means"]).max()
    assert 0 < moved < 0.2
    fresh = dcgraph.train(graph, epochs=0.05).record.states["gmm1"].parameters["means"]
    assert np.abs(fresh - old.parameters["means"]).max() > 0.5


@pytest.mark.parametrize("optimizer", ["em", "sgd"])
def test_an_optimizer_of_another_type_begins_at_the_parameters(donor, optimizer):
    rate = {"rate": 1e-9, "rate_floor": 0.0} if optimizer == "sgd" else {}
    graph = conditional(
        trainable=True, annealing="off", optimizer={"type": optimizer, **rate}, precision_max=25.0
    )
    old = dcgraph.load(donor).record.states["gmm1"].parameters["means"]
    new = dcgraph.train(graph, epochs=0.05, init=donor).record.states["gmm1"].parameters["means"]
    assert np.abs(new - old).max() < (1e-4 if optimizer == "sgd" else 0.2)


def test_what_does_not_fit_is_not_taken_and_the_reason_is_told(donor):
    record = dcgraph.load(donor).record
    document = conditional(precision_max=1.0)
    document["nodes"]["gmm2"]["components"] = 25
    found = {each.node: each for each in transfers(load_graph(document), record)}
    assert not any(each.taken for each in found.values())
    assert "outside [0.001, 1]" in found["gmm1"].reason
    assert found["gmm2"].reason == "there, means is (1, 16, 81), here (1, 25, 81)"
    assert found["classifier"].reason == "the other model has no node of that name"
    with pytest.raises(RequestError, match=r"nothing of the model .* fits .*gmm2: there, means is"):
        dcgraph.train(document, init=donor, epochs=0.1)


def test_types_must_agree(donor):
    document = conditional()
    document["nodes"]["gmm2"] = {"type": "classifier", "classes": 16}
    chosen = transfers(load_graph(document), dcgraph.load(donor).record)
    found = {each.node: each.reason for each in chosen}
    assert found["gmm2"] == "there, it is of type gmm, here classifier"
