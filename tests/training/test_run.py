"""What a run does, says and refuses."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

import dcgraph
from dcgraph.contracts.events import BatchEnded, Evaluated, Finished, Observer, Saved, Started
from dcgraph.data.dataset import dataset_from_arrays, open_dataset
from dcgraph.errors import InputError, NumericalError, RequestError
from dcgraph.graph.load import load_graph
from dcgraph.storage.read import read_model
from dcgraph.training.run import run

NODES = {
    "image": {"type": "input", "shape": [6, 5, 1]},
    "fold1": {"type": "folding", "kernel": [2, 3]},
    "gmm1": {"type": "gmm", "components": 9},
    "fold2": {"type": "folding", "kernel": [5, 3]},
    "gmm2": {"type": "gmm", "components": 4, "delay": 0.5},
}


def graph(*overrides, **changes):
    document = {
        "name": "odd",
        "nodes": {name: {**node, **changes.get(name, {})} for name, node in NODES.items()},
        "forward": ["image -> fold1 -> gmm1 -> fold2 -> gmm2"],
        "train": {"epochs": 4, "batch_size": 8},
    }
    return load_graph(document, overrides=overrides)


def images(n=43, seed=0):
    return np.random.default_rng(seed).random((n, 6, 5, 1)).astype(np.float32)


def dataset(x=None):
    return dataset_from_arrays(images() if x is None else x, None, (6, 5, 1))


@dataclass
class Notes(Observer):
    events: list = field(default_factory=list)

    def notify(self, event):
        self.events.append(event)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


def test_the_last_short_batch_is_used_and_every_epoch_counts():
    notes = Notes()
    record = run(graph(), dataset(), observers=[notes])
    assert record.step == record.total_steps == 4 * 6
    assert record.epoch == pytest.approx(4.0)
    (started,) = notes.of(Started)
    assert (started.steps_per_epoch, started.nodes) == (6, ("gmm1", "gmm2"))
    assert notes.of(Finished)


def test_part_of_an_epoch():
    record = run(graph("train.epochs=0.5"), dataset())
    assert record.step == record.total_steps == 3


@pytest.mark.parametrize("optimizer", ["em", "sgd"])
@pytest.mark.parametrize("share", [True, False])
def test_what_is_trained_rises(optimizer, share):
    x = np.repeat(images(4, seed=1), 40, axis=0) + 0.02 * images(160, seed=2)
    changes = {name: {"share": share} for name in ("gmm1", "gmm2")}
    record = run(
        graph(f"train.optimizer.type={optimizer}", "train.epochs=8", **changes), dataset(x)
    )
    loss = record.history["gmm1"]["loss"]
    assert np.mean(loss[-20:]) > np.mean(loss[:20])


def test_a_node_waits_for_its_delay():
    notes = Notes()
    record = run(graph(), dataset(), observers=[notes])
    history = record.history["gmm2"]
    assert history["active"] == [int(step > 12) for step in history["step"]]
    stages = [event.nodes["gmm2"].stage for event in notes.of(BatchEnded) if event.nodes]
    assert stages[0] == "waiting"
    assert stages[-1] in ("annealing", "converged")
    assert record.states["gmm2"].updates == 12
    assert record.states["gmm1"].updates == 24


def test_a_node_that_is_not_trainable_keeps_its_parameters_to_the_bit():
    frozen = run(graph(gmm1={"trainable": False}), dataset())
    one_step = run(graph("train.epochs=0.1", gmm1={"trainable": False}), dataset())
    for name, array in frozen.states["gmm1"].parameters.items():
        np.testing.assert_array_equal(array, one_step.states["gmm1"].parameters[name])


def test_a_node_above_changes_nothing_below():
    both = run(graph(), dataset())
    document = dict(NODES)
    del document["gmm2"], document["fold2"]
    alone = load_graph(
        {
            "name": "lower",
            "nodes": document,
            "forward": ["image -> fold1 -> gmm1"],
            "train": {"epochs": 4, "batch_size": 8},
        }
    )
    alone = run(alone, dataset())
    for name, array in both.states["gmm1"].parameters.items():
        np.testing.assert_array_equal(array, alone.states["gmm1"].parameters[name])


def test_other_seeds_give_other_models():
    first, again, other = (run(graph(f"train.seed={seed}"), dataset()) for seed in (0, 0, 1))
    means = [record.states["gmm1"].parameters["means"] for record in (first, again, other)]
    np.testing.assert_array_equal(means[0], means[1])
    assert not np.allclose(means[0], means[2])


def test_double_precision_is_double_throughout():
    record = run(graph("train.dtype=float64", "train.epochs=1"), dataset())
    for state in record.states.values():
        for array in (*state.parameters.values(), *state.optimizer.values()):
            assert array.dtype == np.float64


def test_the_file_is_there_before_the_first_step(tmp_path):
    notes = Notes()
    run(graph(), dataset(), output=tmp_path / "m.h5", observers=[notes])
    kinds = [type(event) for event in notes.events]
    assert kinds.index(Saved) < kinds.index(BatchEnded)
    assert notes.of(Saved)[0].step == 0


def test_calibration_holds_quantiles_of_training_scores():
    record = run(graph(), dataset())
    scores = dcgraph.Model(record).log_likelihood(images(), "gmm1")
    np.testing.assert_allclose(
        record.calibration["gmm1"][[0, 500, 1000]],
        np.quantile(scores, [0, 0.5, 1]),
        rtol=1e-5,
    )


def test_calibration_knows_the_least_likely_positions():
    record = run(graph(), dataset())
    model = dcgraph.Model(record)
    tables = {f"gmm2.within.{name}" for name in ("means", "deviations")}
    assert set(record.calibration) == {"gmm1", "gmm1.least", "gmm2", "gmm2.within", *tables}
    scores = model.log_likelihood(images(), "gmm1.least")
    np.testing.assert_array_equal(
        scores, model.log_likelihood_map(images(), "gmm1").min(axis=(1, 2))
    )
    np.testing.assert_allclose(
        record.calibration["gmm1.least"][[0, 500, 1000]],
        np.quantile(scores, [0, 0.5, 1]),
        rtol=1e-5,
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_image_with_a_bad_pixel_stops_the_run_and_is_named(tmp_path, value):
    x = images()
    x[17, 2, 2, 0] = value
    with pytest.raises((InputError, NumericalError), match=r"image 17 .*pixel") as caught:
        run(graph(), dataset(x), output=tmp_path / "m.h5")
    assert caught.value.problem.node == "image"
    assert np.isfinite(read_model(tmp_path / "m.h5").states["gmm1"].parameters["means"]).all()


def test_losses_that_explode_stop_the_run_and_the_last_good_state_is_saved(tmp_path):
    wild = graph("train.optimizer={type: sgd, rate: 1.0e+30, rate_floor: 1.0}")
    with pytest.raises(NumericalError, match="in batch") as caught:
        run(wild, dataset(), output=tmp_path / "m.h5")
    assert caught.value.problem.node in ("gmm1", "gmm2")
    record = read_model(tmp_path / "m.h5")
    assert not record.complete
    for state in record.states.values():
        assert all(np.isfinite(array).all() for array in state.parameters.values())
    assert all(step <= record.step for step in record.history.get("gmm1", {}).get("step", []))


def test_a_classifier_needs_labels():
    document = {
        "name": "labels",
        "nodes": {**NODES, "classifier": {"type": "classifier", "classes": 3}},
        "forward": ["image -> fold1 -> gmm1 -> fold2 -> gmm2 -> classifier"],
    }
    with pytest.raises(InputError, match="labels") as caught:
        run(load_graph(document), dataset())
    assert caught.value.problem.node == "classifier"


def test_a_graph_with_nothing_to_learn_is_refused():
    nodes = {name: NODES[name] for name in ("image", "fold1")}
    still = load_graph({"name": "still", "nodes": nodes, "forward": ["image -> fold1"]})
    with pytest.raises(RequestError, match="no node that learns"):
        run(still, dataset())


def test_labels_that_are_no_class_are_refused():
    nodes = {**NODES, "classifier": {"type": "classifier", "classes": 3}}
    chain = ["image -> fold1 -> gmm1 -> fold2 -> gmm2 -> classifier"]
    labels = np.zeros(43, int)
    labels[5] = 3
    with pytest.raises(InputError, match=r"label 3, .* 0 to 2: set classes to at least 4"):
        run(
            load_graph({"name": "labels", "nodes": nodes, "forward": chain}),
            dataset_from_arrays(images(), labels, (6, 5, 1)),
        )


@pytest.mark.parametrize("validation", [0.0, 0.2])
def test_metrics_are_of_validation_images_where_some_are_held_back(validation):
    spec = load_graph(
        "F(4,2)-G(9)",
        overrides=[
            "data.source=digits",
            "data.outliers=[0]",
            f"data.validation={validation}",
            "data.limit=300",
            "train.epochs=2",
        ],
    )
    data = open_dataset(spec.data, (8, 8, 1), None)
    notes = Notes()
    record = run(spec, data, observers=[notes])
    name, images = ("validation", data.validation) if validation else ("test", data.test)
    (evaluated,) = notes.of(Evaluated)
    assert evaluated.split == name
    assert record.provenance["measured_on"] == f"{name} images"
    pictures = images.read(np.flatnonzero(~images.outlier))
    expected = dcgraph.Model(record).log_likelihood(pictures).mean()
    assert record.metrics["gmm1"]["log_likelihood"] == pytest.approx(expected, rel=1e-5)
