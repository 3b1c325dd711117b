from pathlib import Path

import numpy as np
import pytest
from cli_graphs import CLASSIFYING
from PIL import Image

import dcgraph


@pytest.fixture(scope="module")
def classifying(tmp_path_factory):
    path = tmp_path_factory.mktemp("classifying") / "c.h5"
    dcgraph.train(CLASSIFYING).save(path)
    return path


def test_labels_take_turns(call, classifying):
    arguments = ("sample", classifying, "-n", "7", "--label", "4..6", "--seed", "2")
    found = call(*arguments, "-o", "s.npz", "--json").json
    labels = [4, 5, 6, 4, 5, 6, 4]
    assert found["labels"] == labels
    assert found["node"] == "classifier"
    with np.load("s.npz") as arrays:
        assert arrays["labels"].tolist() == labels
        expected = dcgraph.load(classifying).sample(7, label=labels, seed=2)
        np.testing.assert_array_equal(arrays["images"], expected)


def test_a_picture_has_a_column_for_each_label(call, classifying):
    call("sample", classifying, "-n", "6", "--label", "1,7", "--scale", "2")
    call("sample", classifying, "-n", "6", "--columns", "2", "--scale", "2", "-o", "plain.png")
    with Image.open("samples.png") as picture, Image.open("plain.png") as plain:
        assert picture.width == plain.width
        assert picture.height > plain.height  # the labels stand above


def test_confidence_is_a_setting_of_the_classifier(call, classifying):
    call("sample", classifying, "--label", "3", "--confidence", "0.6", "-o", "a.npz")
    call("sample", classifying, "--label", "3", "--set", "classifier.confidence=0.6", "-o", "b.npz")
    with np.load("a.npz") as first, np.load("b.npz") as second:
        np.testing.assert_array_equal(first["images"], second["images"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--label", "10"], "label 10 is no class: labels run from 0 to 9"),
        (["--label", "a"], "3, 0,7 or 20..29"),
        (["--label", "3", "--node", "gmm1"], "node 'gmm1' is no classifier"),
        (["--confidence", "0.9"], "give --label"),
        (["--label", "3", "--confidence", "1"], "--confidence"),
        (["--node", "classifier"], "give the labels"),
    ],
)
def test_requests_that_cannot_be(call, classifying, arguments, told):
    answer = call("sample", classifying, *arguments)
    assert answer.code == 2
    assert told in answer.stderr
    assert not Path("samples.png").exists()


def test_a_model_without_a_classifier(call, model):
    answer = call("sample", model, "--label", "3")
    assert answer.code == 2
    assert "has no classifier" in answer.stderr


# a control signal of one's own


def test_a_control_signal_decides_what_is_drawn(call, model):
    control = np.zeros((3, 1, 1, dcgraph.load(model).graph["gmm2"].shape[2]))
    control[:, 0, 0, 4] = 1
    np.save("c.npy", control)
    found = call("sample", model, "--control", "c.npy", "-o", "s.npz", "--json").json
    assert found["n"] == 3
    with np.load("s.npz") as arrays:
        expected = dcgraph.load(model).sample(3, control=control)
        np.testing.assert_array_equal(arrays["images"], expected)
    assert call("sample", model, "--control", "c.npy", "-n", "2", "--json").json["n"] == 2


def test_a_control_signal_that_does_not_fit(call, model):
    np.save("c.npy", np.ones((3, 2)))
    answer = call("sample", model, "--control", "c.npy")
    assert answer.code == 2
    assert "control signal of node 'gmm2'" in answer.stderr
    Path("b.npy").write_text("broken")
    assert "cannot be read" in call("sample", model, "--control", "b.npy").stderr
    np.save("c.npy", np.ones((3, 1, 1, dcgraph.load(model).graph["gmm2"].shape[2])))
    answer = call("sample", model, "--control", "c.npy", "-n", "5")
    assert answer.code == 2
    assert "(5, 1, 1, " in answer.stderr


# sharpening and quality


def test_sharpening_is_read_out(call, model):
    found = call("sample", model, "-n", "120", "--sharpen", "4", "-o", "s.npz", "--json").json
    assert list(found["sharpening"]) == ["fold2", "fold1"]
    for node in found["sharpening"].values():
        assert node["after"] >= node["before"]
        assert node["iterations"] == 4
    with np.load("s.npz") as arrays:
        expected = dcgraph.load(model).sample(120, sharpen=4)
        np.testing.assert_array_equal(arrays["images"], expected)
    shown = call("sample", model, "-n", "4", "--sharpen", "4").stdout
    assert "loss before" in shown
    assert "4 samples in samples.png" in shown


def test_sharpening_without_a_number_and_none(call, model):
    found = call("sample", model, "-n", "1", "--sharpen", "-o", "a.npz", "--json").json
    assert found["sharpening"]["fold1"]["iterations"] > 1
    assert "sharpening" not in call("sample", model, "-n", "1", "--json").json


def test_samples_beside_their_nearest_training_images(call, model):
    found = call("sample", model, "-n", "6", "--nearest", "-o", "s.npz", "--json").json["quality"]
    assert found.keys() == {"nearest", "diversity", "training_diversity"}
    with np.load("s.npz") as arrays:
        images, nearest, distances = (arrays[n] for n in ("images", "nearest", "distances"))
        assert len(arrays["places"]) == 6
    expected = np.sqrt(np.square(images.clip(0, 1) - nearest).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(distances, expected, rtol=1e-4)
    assert found["nearest"] == pytest.approx(distances.mean())
    answer = call("sample", model, "-n", "6", "--nearest")
    assert "nearest training image" in answer.stdout
    call("sample", model, "-n", "6", "-o", "alone.png")
    with Image.open("samples.png") as both, Image.open("alone.png") as alone:
        assert both.height == alone.height
        assert both.width > 2 * alone.width - 1
