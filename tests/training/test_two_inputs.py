"""A graph with a label as second input: it trains, scores, draws by label, and resumes."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from dcgraph.contracts.events import BatchEnded, Observer
from dcgraph.data.dataset import dataset_from_arrays, open_dataset
from dcgraph.errors import GraphError, InputError, InterruptedRunError, RequestError
from dcgraph.graph.load import load_graph
from dcgraph.model import Model
from dcgraph.training.run import run

GRAPH = {
    "name": "named",
    "data": {"source": "digits"},
    "nodes": {
        "image": {"type": "input", "shape": [8, 8, 1]},
        "label": {"type": "label", "classes": 10},
        "fold1": {"type": "folding", "kernel": 3},
        "gmm1": {"type": "gmm", "components": 25},
        "both": {"type": "concat"},
        "top": {"type": "gmm", "components": 64, "delay": 0.1},
    },
    "forward": ["image -> fold1 -> gmm1 -> both -> top", "label -> both"],
    "train": {"epochs": 15},
    "sampling": {
        "gmm1": {"top": 1, "divisor": 5},
        "top": {"top": 1, "divisor": 5, "prior": "weights"},
    },
}


def trained(**options):
    overrides = options.pop("overrides", ())
    graph = load_graph(GRAPH, overrides=overrides)
    return run(graph, open_dataset(graph.data, (8, 8, 1), None), **options)


@pytest.fixture(scope="module")
def model():
    return Model(trained())


@pytest.fixture(scope="module")
def judge():
    digits = load_digits()
    return KNeighborsClassifier(3).fit(digits.data / 16, digits.target)


def test_samples_are_of_the_label_that_was_asked_for(model, judge):
    labels = np.repeat(np.arange(10), 10)
    images = model.sample(100, label=labels, seed=1)
    assert images.shape == (100, 8, 8, 1)
    assert (judge.predict(images.reshape(100, -1)) == labels).mean() > 0.9


def test_a_label_draws_alike_alone_and_among_others(model):
    many = model.sample(3, label=[7, 1, 1], seed=2)
    np.testing.assert_allclose(many[0], model.sample(1, label=7, seed=2)[0])


def test_without_a_label_all_are_drawn(model, judge):
    images = model.sample(100, seed=1)
    assert len(set(judge.predict(images.reshape(100, -1)))) > 6


def test_of_images_that_are_scored_the_label_is_integrated_out(model):
    images = load_digits().images[:4, ..., None].astype("f4") / 16
    params = {k: np.asarray(v, "f8") for k, v in model.record.states["top"].parameters.items()}
    seen = model.activities(images, "gmm1").reshape(4, -1).astype("f8")
    means, r = params["means"][0][:, :-10], params["precision_sqrt"][0][:, :-10]
    weights = params["weight_logits"][0]
    scores = weights - np.logaddexp.reduce(weights) + np.log(r).sum(axis=1)
    scores = scores - 0.5 * (r**2 * (seen[:, None] - means) ** 2).sum(axis=2)
    expected = np.logaddexp.reduce(scores, axis=1) - 0.5 * seen.shape[1] * np.log(2 * np.pi)
    np.testing.assert_allclose(model.log_likelihood(images), expected, rtol=1e-4)


def test_it_completes_images_and_makes_variants(model):
    images = load_digits().images[:3, ..., None].astype("f4") / 16
    known = np.arange(8) < 4 + np.zeros((8, 8))
    assert model.inpaint(images, known, seed=1).shape == images.shape
    assert model.variants(images, seed=1).shape == images.shape
    assert model.alphabet("gmm1").shape == (25, 3, 3, 1)


def test_a_resumed_run_comes_to_the_same_numbers(tmp_path):
    class Stop(Observer):
        def notify(self, event):
            if isinstance(event, BatchEnded) and event.step == 6:
                raise KeyboardInterrupt

    short = {"overrides": ["train.epochs=2", "data.limit=500"]}
    whole = trained(**short)
    with pytest.raises(InterruptedRunError):
        trained(output=tmp_path / "m.h5", observers=[Stop()], **short)
    again = trained(output=tmp_path / "m.h5", resume=True, **short)
    for name in ("means", "precision_sqrt", "weight_logits"):
        np.testing.assert_array_equal(
            again.states["top"].parameters[name], whole.states["top"].parameters[name]
        )


def test_means_that_begin_at_images_begin_at_their_labels_too():
    record = trained(
        overrides=["top.means_from=samples", "top.annealing=off", "train.epochs=0.1", "top.delay=0"]
    )
    ones = record.states["top"].parameters["means"][0][:, -10:]
    np.testing.assert_allclose(ones.sum(axis=1), 1, atol=0.1)


def test_it_needs_labels():
    graph = load_graph(GRAPH)
    images = np.zeros((20, 8, 8, 1), "f4")
    with pytest.raises(InputError, match="trained on labels, but the data has none"):
        run(graph, dataset_from_arrays(images, None, (8, 8, 1)))


def test_it_needs_a_channel_for_each_class():
    with pytest.raises(GraphError, match="labels up to 9, received 4"):
        load_graph(GRAPH, overrides=["label.classes=4"])


def test_a_label_alone_is_no_input():
    nodes = {"label": {"type": "label", "classes": 4}, "gmm1": {"type": "gmm", "components": 4}}
    with pytest.raises(GraphError, match="no node takes images"):
        load_graph({"nodes": nodes, "forward": ["label -> gmm1"]})


def test_what_cannot_be_asked_for(model):
    with pytest.raises(InputError, match="label 10 is no class: labels run from 0 to 9"):
        model.sample(2, label=10)
    with pytest.raises(RequestError, match="sees no label"):
        model.sample(2, label=1, node="gmm1")
    with pytest.raises(RequestError, match="no control edges lead from it down to an image"):
        model.sample(2, node="label")
