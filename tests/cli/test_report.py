from pathlib import Path

import numpy as np
import pytest
from cli_graphs import CLASSIFYING
from markup import faults, read
from model_files import write_tiny

import dcgraph


def test_a_page_is_written_once_and_replaced_when_asked(call, model):
    answer = call("report", model, "-o", "deep/page.html", "--samples", "4")
    assert answer.code == 0, answer.stderr
    page = Path("deep/page.html")
    assert answer.stdout.splitlines()[-1] == f"page in {page}"
    assert "classes: Graph 'small' has no classifier" in answer.stdout
    first = page.read_bytes()
    assert faults(read(first.decode())) == []
    again = call("report", model, "-o", page, "--samples", "4")
    assert again.code == 2
    assert "--overwrite" in again.stderr
    assert call("report", model, "-o", page, "--samples", "4", "--overwrite").code == 0
    assert page.read_bytes() == first
    assert [each.name for each in page.parent.iterdir()] == ["page.html"]


def test_the_json_says_what_stands_on_the_page(call, model):
    answer = call("report", model, "--samples", "4", "--limit", "50", "--seed", "5", "--json")
    assert answer.code == 0, answer.stderr
    found = answer.json
    assert found["output"] == "report.html"
    assert found["bytes"] == Path("report.html").stat().st_size
    assert found["complete"] is True
    assert found["step"] == found["total_steps"]
    assert [name for name, note in found["sections"].items() if note] == ["classes"]
    text = Path("report.html").read_text()
    assert "of 50\nof 359 test images" in text
    assert "with seed 5" in text


def test_settings_of_the_data_and_of_sampling_are_taken(call, tmp_path):
    dcgraph.train({**CLASSIFYING, "train": {"epochs": 1}}).save(tmp_path / "c.h5")
    plain = call("report", "c.h5", "--samples", "4", "--json")
    assert "No outliers are known" in plain.json["sections"]["outliers"]
    arguments = ("--samples", "4", "--set", "data.outliers=[0]", "--set", "gmm.divisor=9")
    answer = call("report", "c.h5", *arguments, "--overwrite", "--json")
    assert answer.code == 0, answer.stderr
    assert set(answer.json["sections"].values()) == {None}
    refused = call("report", "c.h5", "--set", "gmm1.components=9", "--overwrite")
    assert refused.code == 2
    assert "changes more than the sampling settings" in refused.stderr


def test_absent_data_is_said_on_the_page_unless_it_was_asked_for(call, model, tmp_path):
    images = np.random.default_rng(0).uniform(size=(50, 8, 8)).astype(np.float32)
    dcgraph.train("F(4)-G(4)", images, epochs=1).save(tmp_path / "own.h5")
    answer = call("report", "own.h5", "--samples", "4", "--json")
    assert answer.code == 0, answer.stderr
    notes = answer.json["sections"]
    assert {name for name, note in notes.items() if note} == {"likelihood", "outliers", "classes"}
    assert "give --data SOURCE" in notes["likelihood"]
    for arguments in (("--data", "mnist"), ("--data", "digitz"), ("--set", "data.source=mnist")):
        refused = call("report", model, "-o", "other.html", *arguments)
        assert refused.code == 2, refused.stdout
        assert not Path("other.html").exists()


def test_a_model_in_training_has_a_page(call, tmp_path):
    write_tiny(tmp_path / "tiny.h5")
    answer = call("report", "tiny.h5", "--samples", "4")
    assert answer.code == 0, answer.stderr
    assert "page in report.html" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("absent.h5",), "absent.h5"),
        (("{model}", "-o", "page.txt"), r"must end in .html"),
        (("{model}", "--samples", "0"), "--samples"),
        (("{model}", "--limit", "1"), "--limit"),
    ],
)
def test_what_is_wrong_is_said(call, model, arguments, said):
    answer = call("report", *(str(model) if each == "{model}" else each for each in arguments))
    assert answer.code == 2
    assert said in answer.stderr
