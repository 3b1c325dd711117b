"""dcgraph run --init."""

from __future__ import annotations

FROZEN = ("--set", "gmm1.trainable=false")


def test_it_says_what_it_takes_over_and_what_not(call, model):
    answer = call(
        "run", model, *FROZEN, "--set", "gmm2.components=36",
        "--init", model, "--epochs", "1", "-o", "m.h5",
    )  # fmt: skip
    assert answer.code == 0, answer.stderr
    assert "gmm1: taken over\n" in answer.stderr
    assert "gmm2: not taken over, there, means is (1, 49, 900), here (1, 36, 900)" in answer.stderr
    assert "learns, and begins at random" not in answer.stderr


def test_json_holds_it_too(call, model):
    answer = call("run", model, "--init", model, "--epochs", "1", "-o", "m.h5", "--json", "-q")
    assert answer.code == 0, answer.stderr
    assert [each["node"] for each in answer.json["init"] if each["taken"]] == ["gmm1", "gmm2"]


def test_a_frozen_node_that_nothing_is_taken_over_for_is_warned_of(call):
    answer = call("run", "quickstart", *FROZEN, "--epochs", "1", "-o", "m.h5")
    assert answer.code == 0
    assert "node 'gmm1' does not learn, and begins at random: --init MODEL" in answer.stderr


def test_nothing_that_fits_is_an_error(call, model):
    notation = ("F(8,1)-G(4)", "--set", "gmm1.share=false")
    answer = call("run", *notation, "--init", model, "-o", "m.h5")
    assert answer.code == 2
    assert "nothing of the model to begin with fits this graph" in answer.stderr


def test_a_run_that_is_resumed_needs_it_no_more(call, model):
    arguments = ("run", model, "--init", model, "--epochs", "1", "-o", "m.h5", "-q")
    assert call(*arguments).code == 0
    answer = call(*arguments, "--resume")
    assert answer.code == 0, answer.stderr
