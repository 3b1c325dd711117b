from pathlib import Path

import numpy as np
import pytest
from cli_graphs import CLASSIFYING

import dcgraph


@pytest.fixture(scope="module")
def classifying(tmp_path_factory):
    path = tmp_path_factory.mktemp("classifying") / "c.h5"
    dcgraph.train(CLASSIFYING).save(path)
    return path


def test_accuracy_and_confusion_are_those_of_the_python_face(call, classifying):
    answer = call("classify", classifying, "--json")
    assert answer.code == 0, answer.stderr
    found = answer.json
    confusion = np.array(found["confusion"])
    assert confusion.shape == (10, 10)
    assert found["n"] == confusion.sum() == 359
    assert found["accuracy"] == pytest.approx(np.trace(confusion) / confusion.sum())
    assert found["accuracy"] > 0.5
    assert confusion.sum(axis=0).tolist() == found["predicted"]


def test_the_table_names_every_label(call, classifying):
    answer = call("classify", classifying)
    assert answer.code == 0
    assert "accuracy" in answer.stdout
    assert "recall" in answer.stdout


def test_predictions_and_mistakes_are_written(call, classifying):
    pictures = ("--mistakes", "m.png", "--confusion", "c.png")
    answer = call("classify", classifying, "-o", "p.npz", *pictures)
    assert answer.code == 0, answer.stderr
    with np.load("p.npz") as arrays:
        assert len(arrays["predicted"]) == 359
        assert (arrays["probability"] >= 0.1).all()
    for picture in ("m.png", "c.png"):
        assert Path(picture).stat().st_size > 100
        assert picture in answer.stderr


def test_images_without_labels_have_no_confusion_matrix(call, classifying):
    np.savez("mine.npz", images=np.zeros((3, 8, 8), np.float32))
    answer = call("classify", classifying, "--images", "mine.npz", "--confusion", "c.png")
    assert answer.code == 2
    assert "the images have no labels" in answer.stderr
    assert not Path("c.png").exists()


def test_a_model_without_a_classifier_is_refused(call, model):
    answer = call("classify", model)
    assert answer.code == 2
    assert "classifier" in answer.stderr
