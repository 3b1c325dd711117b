import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score, roc_auc_score

import dcgraph


@pytest.fixture(scope="module")
def digits():
    """The digits' test images and labels, by the rule the source states."""
    bunch = load_digits()
    chosen = np.arange(len(bunch.images)) % 5 == 4
    return (bunch.images[chosen] / 16).astype(np.float32)[..., None], bunch.target[chosen]


def test_a_contamination_decides(call, model, digits):
    found = call("score", model, "--contamination", "0.1", "-o", "s.csv", "--json").json["outliers"]
    opened = dcgraph.load(model)
    images, labels = digits
    flags = opened.is_outlier(images, contamination=0.1)
    assert found == {
        "contamination": 0.1,
        "threshold": pytest.approx(opened.threshold(0.1)),
        "flagged": flags.sum(),
        "inliers_flagged": pytest.approx(flags[labels != 0].mean()),
        "outliers_flagged": pytest.approx(flags[labels == 0].mean()),
    }
    with Path("s.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["gmm1", "gmm2", "p", "flagged", "label", "outlier"]
    assert [row["flagged"] == "True" for row in rows] == flags.tolist()
    np.testing.assert_allclose([float(row["p"]) for row in rows], opened.p_values(images))
    told = call("score", model, "--contamination", "0.1").stdout
    assert f"{flags.sum()} of 359 images are outliers (score at most" in told


def test_every_metric_of_scores_is_measured(call, model, digits):
    found = call("score", model, "--node", "gmm1", "--json").json
    images, labels = digits
    strange = -dcgraph.load(model).log_likelihood(images, "gmm1")
    assert found["auc"] == pytest.approx(roc_auc_score(labels == 0, strange), abs=1e-3)
    assert found["auprc"] == pytest.approx(average_precision_score(labels == 0, strange), abs=1e-3)
    assert 0 <= found["fpr95"] <= 1
    assert "FPR95" in call("score", model).stdout


def test_several_nodes_have_a_combined_score(call, model, digits):
    arguments = ("score", model, "--node", "gmm1", "--node", "gmm2")
    found = call(*arguments, "--contamination", "0.1", "-o", "s.npz", "--json").json
    images, _ = digits
    opened = dcgraph.load(model)
    expected = opened.combined_scores(images)
    assert found["node"] == "gmm1+gmm2"
    assert found["nodes"].keys() == {"gmm1", "gmm2", "combined"}
    assert found["mean"] == pytest.approx(expected.mean(), abs=1e-4)
    assert found["outliers"]["threshold"] is None
    with np.load("s.npz") as arrays:
        np.testing.assert_allclose(arrays["combined"], expected, atol=1e-4)
        p = opened.p_values(images, ["gmm1", "gmm2"])
        np.testing.assert_allclose(arrays["p"], p, atol=1e-6)
        assert found["outliers"]["flagged"] == (p <= 0.1).sum()


def test_a_node_may_be_contrasted_with_another(call, model, digits):
    found = call("score", model, "--node", "gmm2", "--node", "gmm1:-0.5", "--json").json
    expected = dcgraph.load(model).combined_scores(digits[0], {"gmm2": 1, "gmm1": -0.5})
    assert found["weights"] == {"gmm2": 1, "gmm1": -0.5}
    assert found["mean"] == pytest.approx(expected.mean(), abs=1e-4)
    assert found["auc"] == pytest.approx(roc_auc_score(digits[1] == 0, -expected), abs=1e-3)


def test_a_node_may_count_both_ways(call, model, digits):
    nodes = ("--node", "gmm2", "--node", "gmm1")
    found = call("score", model, *nodes, "--two-sided", "gmm1", "--json").json
    expected = dcgraph.load(model).combined_scores(digits[0], two_sided=["gmm1"])
    assert found["two_sided"] == ["gmm1"]
    assert found["mean"] == pytest.approx(expected.mean(), abs=1e-4)
    assert found["auc"] == pytest.approx(roc_auc_score(digits[1] == 0, -expected), abs=1e-3)


def test_the_node_that_finds_an_image_most_unusual_may_decide(call, model, digits):
    nodes = ("--node", "gmm2", "--node", "gmm1:0.5")
    found = call("score", model, *nodes, "--combine", "least", "--json").json
    opened, images = dcgraph.load(model), digits[0]
    alone = [opened.combined_scores(images, [node]) for node in ("gmm2", "gmm1")]
    expected = np.minimum(alone[0], 0.5 * alone[1])
    assert found["combine"] == "least"
    assert found["mean"] == pytest.approx(expected.mean(), abs=1e-4)
    assert found["auc"] == pytest.approx(roc_auc_score(digits[1] == 0, -expected), abs=1e-3)


def test_the_least_likely_position_is_a_score_of_its_own(call, model, digits):
    options = ("--node", "gmm1.least", "--contamination", "0.1")
    files = ("-o", "s.npz", "--map", "maps.npz", "--roc", "roc.png")
    found = call("score", model, *options, *files, "--json").json
    maps = dcgraph.load(model).log_likelihood_map(digits[0], "gmm1")
    least = maps.min(axis=(1, 2))
    assert found["node"] == "gmm1.least"
    assert found["auc"] == pytest.approx(roc_auc_score(digits[1] == 0, -least), abs=1e-3)
    assert found["outliers"]["flagged"] == (least <= found["outliers"]["threshold"]).sum()
    with np.load("s.npz") as arrays, np.load("maps.npz") as kept:
        np.testing.assert_allclose(arrays["gmm1.least"], least, rtol=1e-4, atol=1e-4)
        assert list(kept) == ["gmm1"]
        np.testing.assert_allclose(kept["gmm1"], maps, rtol=1e-4, atol=1e-4)


def test_an_image_may_be_compared_with_those_of_its_component(call, model, digits):
    options = ("--node", "gmm2.within", "--contamination", "0.1", "-o", "s.npz")
    found = call("score", model, *options, "--json").json
    expected = dcgraph.load(model).log_likelihood(digits[0], "gmm2.within")
    assert found["node"] == "gmm2.within"
    assert found["auc"] == pytest.approx(roc_auc_score(digits[1] == 0, -expected), abs=1e-3)
    with np.load("s.npz") as arrays:
        np.testing.assert_allclose(arrays["gmm2.within"], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--node", "gmm2.within", "--kind", "loss"], "compares log-likelihoods, not loss"),
        (["--node", "gmm2.least"], "has 1x1 positions"),
        (["--node", "gmm1:half"], "a node and its weight"),
        (["--combine", "least"], "name several nodes"),
        (["--node", "gmm2", "--node", "gmm1:-1", "--combine", "least"], "weights above 0"),
        (["--node", "gmm1", "--two-sided", "gmm1"], "name several nodes"),
        (["--node", "gmm1", "--node", "gmm2", "--two-sided", "top"], "top, which no --node names"),
        (["--node", "gmm1:2"], "name several nodes"),
        (["--node", "gmm2", "--node", "gmm1:-1", "--contamination", "0.1"], "leave out"),
        (["--node", "gmm2:0", "--node", "gmm1:0"], "not all 0"),
    ],
)
def test_weights_that_make_no_score(call, model, arguments, told):
    answer = call("score", model, *arguments)
    assert answer.code == 2
    assert told in answer.stderr.replace("\n", " ")


def test_pictures_of_all_that_tells_outliers(call, model):
    names = ("--map", "--roc", "--histogram", "--extremes")
    files = [option for name in names for option in (name, f"{name[2:]}.png")]
    answer = call("score", model, "--contamination", "0.1", *files)
    assert answer.code == 0, answer.stderr
    for name in names:
        with Image.open(f"{name[2:]}.png") as picture:
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 20
        assert f"saved {name[2:]}.png" in answer.stderr


def test_maps_of_every_image(call, model, digits):
    call("score", model, "--map", "maps.npz")
    with np.load("maps.npz") as arrays:
        found = dict(arrays)
    expected = dcgraph.load(model).log_likelihood_maps(digits[0])
    assert found.keys() == expected.keys()
    for name, maps in expected.items():
        np.testing.assert_allclose(found[name], maps, rtol=1e-4, atol=1e-4)


def test_images_of_ones_own_with_unknown_pixels(call, model, digits):
    images = digits[0][:5].copy()
    images[0, :4] = np.nan
    np.save("own.npy", images)
    found = call("score", model, "--images", "own.npy", "-o", "s.npz", "--json").json
    assert (found["n"], found["auc"]) == (5, None)
    with np.load("s.npz") as arrays:
        expected = dcgraph.load(model).log_likelihood(images)
        np.testing.assert_allclose(arrays["gmm2"], expected, rtol=1e-4, atol=1e-3)


def test_labels_of_ones_own_tell_outliers(call, model, digits):
    np.savez("own.npz", images=digits[0], labels=digits[1])
    own = call("score", model, "--images", "own.npz", "--json").json
    assert own["auc"] == call("score", model, "--json").json["auc"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--contamination", "0"], "at least 1/1001"),
        (["--contamination", "1"], "below 1"),
        (["--contamination", "0.1", "--kind", "loss"], "leave out --kind"),
        (["--node", "gmm1", "--node", "gmm2", "--kind", "loss"], "leave out --kind"),
        (["--node", "gmm1", "--node", "gmm1"], "twice"),
        (["--roc", "roc.png", "--split", "train"], "needs inliers and outliers"),
        (["--roc", "roc.svg"], "must end in .png"),
        (["--map", "maps.csv"], "must end in .npz or .png"),
    ],
)
def test_requests_that_cannot_be(call, model, arguments, told):
    answer = call("score", model, *arguments)
    assert answer.code == 2
    assert told in answer.stderr
    assert not list(Path().glob("*.*"))


def test_a_model_that_is_not_finished_cannot_decide(call, small, monkeypatch):
    monkeypatch.setattr("dcgraph.training.run.calibrate", _interrupted)
    call("run", small, "--epochs", "1", "-o", "m.h5")
    answer = call("score", "m.h5", "--contamination", "0.1")
    assert answer.code == 2
    assert "--resume" in answer.stderr


def _interrupted(*_):
    raise KeyboardInterrupt
