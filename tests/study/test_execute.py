"""One run: what it measures, how it fails, and anchors against scikit-learn directly."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier

import dcgraph
from dcgraph.graph.load import graph_from_document
from dcgraph.study.execute import execute, opened
from dcgraph.study.results import encoded, read_result


@pytest.fixture(scope="module")
def runs(grid):
    return {run.name: run for run in grid()[1]}


def images(run):
    dataset = opened(run, graph_from_document(run.document))
    parts = []
    for subset in (dataset.train, dataset.test):
        parts += [subset.read(np.arange(len(subset))).reshape(len(subset), -1), subset.labels]
    return parts, dataset.test.outlier


def test_a_run_finds_what_the_python_face_finds(runs):
    run = runs["two/digits/1"]
    outcome = execute(run)
    model = dcgraph.train(run.document)
    _, test = images(run)
    assert outcome.error is None
    assert outcome.result.nodes == tuple(model.graph.nodes)
    assert outcome.result.values == {
        node: {"auc": values["auc"]} for node, values in model.record.metrics.items()
    }
    assert test.any()


def test_other_kinds_of_score_bear_their_name(grid, small):
    text = small.replace(
        "[metrics]", "[{type: metrics, names: [auc, log_likelihood], kinds: [max_component]}]"
    )
    run = grid(text)[1][0]
    found = execute(run).result.values["gmm1"]
    model = dcgraph.train(run.document)
    (_, _, test, _), outlier = images(run)
    scores = model.log_likelihood(test.reshape(-1, 8, 8, 1), kind="max_component")
    assert set(found) == {"auc (max_component)", "max_component"}
    assert found["auc (max_component)"] == pytest.approx(roc_auc_score(outlier, -scores), abs=1e-6)
    assert found["max_component"] == pytest.approx(scores[~outlier].mean(), rel=1e-5)


def test_a_result_is_what_is_read_back(runs, tmp_path, grid, small):
    run = grid(small.replace("[metrics]", "[metrics, roc, alphabet]"))[1][1]
    result = execute(run).result
    path = tmp_path / "result.h5"
    path.write_bytes(encoded(run, result))
    with h5py.File(path) as root:
        assert root.attrs["backend"] == "numpy"
    back = read_result(path, run.digest)
    assert replace(back, arrays={}) == replace(result, arrays={})
    for kind, arrays in result.arrays.items():
        assert back.arrays.get(kind, {}).keys() == arrays.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(back.arrays[kind][name], array)
    with pytest.raises(ValueError, match="no result of this run"):
        read_result(path, runs["one/digits/0"].digest)


def test_what_goes_wrong_becomes_a_sentence(runs):
    run = runs["one/digits/0"]
    absent = {**run.document, "data": {**run.document["data"], "source": "mnist"}}
    nodes = {**run.document["nodes"], "image": {"type": "input", "shape": [28, 28, 1]}}
    outcome = execute(replace(run, document={**absent, "nodes": nodes}, data_directory="/nowhere"))
    assert outcome.result is None
    assert "dcgraph data fetch mnist" in outcome.error


def test_a_fault_of_the_program_becomes_a_sentence_too(runs, monkeypatch):
    def broken(*arguments, **settings):
        1 / 0  # noqa: B018 - it raises

    monkeypatch.setattr("dcgraph.study.execute.train", broken)
    assert execute(runs["one/digits/0"]).error == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("backend", "what"), [("numpy", "memory:"), ("cupy", "memory here or on the device:")]
)
def test_a_lack_of_memory_becomes_a_sentence(runs, monkeypatch, backend, what):
    def large(*arguments, **settings):
        raise MemoryError

    monkeypatch.setattr("dcgraph.study.execute.train", large)
    outcome = execute(replace(runs["one/digits/0"], backend=backend))
    assert outcome.error == f"there is not enough {what} use fewer --workers"
    assert not outcome.spent


def test_memory_is_given_back_after_each_run_and_a_failed_device_is_told(runs, monkeypatch):
    given = []

    def release(backend):
        given.append(backend)
        if len(given) == 2:
            message = "cudaErrorIllegalAddress"
            raise RuntimeError(message)

    monkeypatch.setattr("dcgraph.study.execute.train", lambda *_, **__: 1 / 0)
    monkeypatch.setattr("dcgraph.study.execute.release", release)
    run = replace(runs["one/digits/0"], backend="cupy:1")
    outcomes = [execute(run) for _ in range(2)]
    assert given == ["cupy:1", "cupy:1"]
    assert [outcome.spent for outcome in outcomes] == [False, True]
    assert {outcome.error for outcome in outcomes} == {"ZeroDivisionError: division by zero"}


ANCHORS = """\
graphs: {one: "F(8,1)-G(9)"}
data: [digits]
outliers: [[0]]
seeds: [3]
set: {data.limit: 300}
evaluate: [{type: metrics, names: [auc, accuracy]}]
anchors:
  - brightness
  - mean_image
  - nearest_neighbour
  - {type: gaussian_mixture, components: 4, covariance: diag, floor: 0.01, iterations: 7}
  - {type: isolation_forest, trees: 20}
  - majority
  - nearest_label
  - logistic_regression
"""


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_anchors_are_scikit_learns_on_the_same_images(grid):
    _, runs = grid(ANCHORS)
    (train, labels, test, truth), outlier = images(runs[0])
    found = {run.graph: execute(run).result.values[""] for run in runs[1:]}
    distances = np.linalg.norm(test[:, None] - train[None], axis=2).min(axis=1)
    mixture = GaussianMixture(
        4,
        covariance_type="diag",
        reg_covar=0.01,
        max_iter=7,
        init_params="k-means++",
        random_state=3,
    ).fit(train)
    forest = IsolationForest(n_estimators=20, random_state=3).fit(train)
    scores = {
        "brightness": -np.abs(test.mean(axis=1) - train.mean()),
        "mean_image": -np.square(test - train.mean(axis=0)).sum(axis=1),
        "nearest_neighbour": -distances,
        "gaussian_mixture": mixture.score_samples(test),
        "isolation_forest": forest.score_samples(test),
    }
    for name, values in scores.items():
        assert found[name] == {"auc": pytest.approx(roc_auc_score(outlier, -values), abs=1e-3)}
    inliers = test[~outlier]
    predictions = {
        "majority": np.full(len(inliers), np.bincount(labels).argmax()),
        "nearest_label": KNeighborsClassifier(1).fit(train, labels).predict(inliers),
        "logistic_regression": LogisticRegression().fit(train, labels).predict(inliers),
    }
    for name, values in predictions.items():
        assert found[name] == {"accuracy": accuracy_score(truth[~outlier], values)}


def test_an_anchor_may_see_fewer_images(grid):
    text = ANCHORS.replace("- majority", "- {type: majority, limit: 20}")
    whole, part = (
        next(run for run in grid(each)[1] if run.graph == "majority") for each in (ANCHORS, text)
    )
    assert whole.digest != part.digest
    assert not whole.anchor.seeded
    assert part.anchor.seeded
    assert 0 <= execute(part).result.values[""]["accuracy"] < 0.5
