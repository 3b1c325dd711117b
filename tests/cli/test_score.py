import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

import dcgraph


@pytest.fixture(scope="module")
def test_images():
    """The digits' test images and labels, by the rule the source states."""
    bunch = load_digits()
    chosen = np.arange(len(bunch.images)) % 5 == 4
    return (bunch.images[chosen] / 16).astype(np.float32)[..., None], bunch.target[chosen]


@pytest.fixture
def unlabelled(call, test_images):
    np.savez("mine.npz", images=test_images[0])
    return (
        *("--data", "npz", "--set", "data.train=mine.npz", "--set", "data.test=mine.npz"),
        *("--set", "data.outliers=[]", "--set", "data.classes=null"),
    )


def test_every_density_node_has_a_row(call, model):
    answer = call("score", model)
    assert answer.code == 0, answer.stderr
    header, _, first, second = answer.stdout.splitlines()
    assert header.split("  ")[0] == "node"
    assert "mean log_likelihood" in header
    assert "AUC" in header
    assert first.split()[:2] == ["gmm1", "359"]
    assert second.split()[:2] == ["gmm2", "359"]


@pytest.mark.parametrize("kind", ["log_likelihood", "max_component", "loss"])
def test_the_numbers_are_those_of_the_python_face(call, model, test_images, kind):
    found = call("score", model, "--kind", kind, "--json").json
    images, labels = test_images
    scores = dcgraph.load(model).log_likelihood(images, kind=kind).astype(np.float64)
    assert (found["command"], found["node"], found["kind"]) == ("score", "gmm2", kind)
    assert (found["n"], found["output"]) == (359, None)
    assert found["mean"] == pytest.approx(scores.mean(), rel=1e-5)
    assert found["mean_inliers"] == pytest.approx(scores[labels != 0].mean(), rel=1e-5)
    assert found["mean_outliers"] == pytest.approx(scores[labels == 0].mean(), rel=1e-5)
    assert found["auc"] == pytest.approx(roc_auc_score(labels == 0, -scores), abs=1e-3)
    assert found["nodes"].keys() == {"gmm1", "gmm2"}


def test_one_node_can_be_chosen(call, model):
    found = call("score", model, "--node", "gmm1", "--json").json
    assert found["node"] == "gmm1"
    assert found["nodes"].keys() == {"gmm1"}


@pytest.mark.parametrize(("node", "told"), [("fold1", "gmm1, gmm2"), ("gmm9", "no node 'gmm9'")])
def test_a_node_without_a_log_likelihood(call, model, node, told):
    answer = call("score", model, "--node", node)
    assert answer.code == 2
    assert told in answer.stderr


def test_training_images_have_no_outliers(call, model):
    found = call("score", model, "--split", "train", "--json").json
    assert found["n"] == 1287
    assert found["auc"] is None
    assert "AUC" not in call("score", model, "--split", "train").stdout


def test_images_of_ones_own_without_labels(call, model, unlabelled, test_images):
    found = call("score", model, *unlabelled, "--json").json
    assert found["n"] == 359
    assert found["auc"] is None
    expected = dcgraph.load(model).log_likelihood(test_images[0]).mean(dtype=np.float64)
    assert found["mean"] == pytest.approx(expected, rel=1e-5)


def test_scores_as_csv(call, model, test_images):
    answer = call("score", model, "-o", "scores.csv")
    assert "saved scores.csv" in answer.stderr
    with Path("scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["gmm1", "gmm2", "label", "outlier"]
    images, labels = test_images
    assert [int(row["label"]) for row in rows] == labels.tolist()
    assert [row["outlier"] == "True" for row in rows] == (labels == 0).tolist()
    expected = dcgraph.load(model).log_likelihood(images)
    np.testing.assert_allclose([float(row["gmm2"]) for row in rows], expected, rtol=1e-4)


def test_scores_as_npz(call, model, unlabelled):
    assert call("score", model, *unlabelled, "-o", "scores.npz", "--json").json["output"]
    with np.load("scores.npz") as arrays:
        shapes = {name: arrays[name].shape for name in arrays}
    assert shapes == {"gmm1": (359,), "gmm2": (359,)}  # no labels, so no flags either


@pytest.mark.parametrize("name", ["scores.txt", "scores"])
def test_an_ending_that_names_no_format(call, model, name):
    answer = call("score", model, "-o", name)
    assert answer.code == 2
    assert ".npz or .csv" in answer.stderr


def test_an_output_that_is_there_is_kept(call, model):
    Path("scores.csv").write_text("mine")
    answer = call("score", model, "-o", "scores.csv")
    assert answer.code == 2
    assert "--overwrite" in answer.stderr
    assert Path("scores.csv").read_text() == "mine"
    assert call("score", model, "-o", "scores.csv", "--overwrite").code == 0
    assert Path("scores.csv").read_text() != "mine"


def test_images_that_do_not_fit(call, model):
    np.savez("large.npz", images=np.zeros((10, 12, 12, 1), np.float32), labels=np.arange(10))
    answer = call("score", model, "--data", "npz", "--set", "data.train=large.npz")
    assert answer.code == 2
    assert "12x12x1" in answer.stderr
    assert "data.fit" in answer.stderr


def test_a_file_that_is_no_model(call):
    Path("m.h5").write_bytes(b"not a model" * 100)
    answer = call("score", "m.h5", "--json")
    assert answer.code == 1
    assert answer.json["error"]["kind"] == "model-file"
    assert answer.json["error"]["file"] == "m.h5"
