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
    answer = call("classify", classifying, "-o", "p.npz", "--mistakes", "m.png")
    assert answer.code == 0, answer.stderr
    with np.load("p.npz") as arrays:
        assert len(arrays["predicted"]) == 359
        assert (arrays["probability"] >= 0.1).all()
    assert Path("m.png").stat().st_size > 100


def test_a_model_without_a_classifier_is_refused(call, model):
    answer = call("classify", model)
    assert answer.code == 2
    assert "classifier" in answer.stderr
