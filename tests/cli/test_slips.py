"""What a slip is answered with: the name that was meant, and the name that was asked for."""

from pathlib import Path

import pytest


def test_a_model_that_is_not_there_is_looked_for_beside(call, model):
    answer = call("sample", model.with_name("smal.h5"))
    assert answer.code == 2
    assert f"did you mean '{model}'?" in answer.stderr


def test_a_graph_file_in_place_of_a_model_is_told_from_one(call, small):
    answer = call("score", small)
    assert answer.code == 2
    assert f"'{small}' is a graph file: 'dcgraph run {small}' makes a model of it" in answer.stderr


def test_a_graph_file_that_is_not_there_is_looked_for_beside(call):
    call("new", "mine.yaml")
    for spelt in ("mein.yaml", "mine.yml"):
        answer = call("check", spelt)
        assert answer.code == 2
        assert "did you mean 'mine.yaml'?" in answer.stderr
    assert "did you mean 'quickstart'?" in call("check", "quikstart").stderr


@pytest.mark.parametrize(
    ("given", "meant"),
    [("epochs=3", "train.epochs"), ("limit=9", "data.limit"), ("seed=1", "train.seed")],
)
def test_a_bare_key_is_asked_for_its_section(call, given, meant):
    answer = call("check", "quickstart", "--set", given)
    assert answer.code == 2
    assert f"did you mean '{meant}'?" in answer.stderr


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody can write to")
@pytest.mark.parametrize(
    "command", [["new", "/proc/x.yaml"], ["sample", "m.h5", "-o", "/proc/x.png"]]
)
def test_a_place_that_cannot_be_written_to_is_called_as_it_was_typed(call, model, command):
    arguments = [model if word == "m.h5" else word for word in command]
    answer = call(*arguments)
    assert answer.code == 2
    assert answer.stderr.startswith(f"error: {command[-1]}: ")


def test_one_epoch_is_one_epoch(call, small):
    assert "steps, 1 epoch\n" in call("run", small, "--epochs", "1", "-o", "m.h5").stderr
