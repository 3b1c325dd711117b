import json

import pytest

from dcgraph.cli.check import in_flops

BAD = """
name: bad
nodes:
  image: {type: input, shape: [8, 8, 1]}
  fold1: {type: folding, kernel: 3, strid: 1}
  gmm1: {type: gmm, components: many}
forward: [image -> fold1 -> gmm1]
"""


@pytest.fixture
def bad(call, tmp_path):
    (tmp_path / "bad.yaml").write_text(BAD)
    return "bad.yaml"


def test_a_sound_graph_gets_a_line_with_its_cost(call, small):
    answer = call("check", small, "F(3,1)-G(25)")
    assert answer.code == 0
    assert answer.stderr == ""
    first, second = answer.stdout.splitlines()
    assert first.startswith(f"ok  {small}: 88,726 parameters, ")
    assert " at peak, " in first
    assert " to train on an image, " in first
    assert second.startswith("ok  F(3,1)-G(25): ")


def test_all_problems_are_told_one_a_line_with_their_places(call, bad):
    answer = call("check", bad)
    assert answer.code == 2
    assert answer.stdout == ""
    first, second = answer.stderr.splitlines()
    assert first.startswith("error: bad.yaml:5: node 'fold1', field 'strid': ")
    assert "did you mean 'stride'?" in first
    assert second.startswith("error: bad.yaml:6: node 'gmm1', field 'components': ")


def test_one_bad_file_spoils_the_exit_code_but_not_the_others(call, bad):
    answer = call("check", "quickstart", bad, "absent.yaml")
    assert answer.code == 2
    assert answer.stdout.startswith("ok  quickstart")
    assert "bad.yaml:5" in answer.stderr
    assert "absent.yaml" in answer.stderr


def test_json(call, bad, small):
    answer = call("check", small, bad, "--json")
    assert answer.code == 2
    found = answer.json
    assert found["ok"] is False
    good, wrong = found["files"]
    assert good["ok"] is True
    assert good["parameters"] == sum(node["parameters"] for node in good["nodes"]) == 88726
    assert good["peak_bytes"] > 0
    assert wrong["ok"] is False
    assert [problem["line"] for problem in wrong["problems"]] == [5, 6]
    assert found["error"]["kind"] == "graph"
    assert found["error"]["line"] == 5


def test_settings_are_checked_too(call, small):
    (file,) = call("check", small, "--set", "gmm1.components=36", "--json").json["files"]
    assert file["nodes"][2]["shape"] == [6, 6, 36]
    answer = call("check", small, "--set", "gmm1.components=-1")
    assert answer.code == 2
    assert "gmm1.components=-1" in answer.stderr


def test_warnings_go_to_stderr(call):
    answer = call("check", "F(3,3)-G(25)", "--data", "digits")
    assert answer.code == 2  # check takes no data
    answer = call("check", "F(3,3)-G(25)")
    assert answer.code == 0
    assert answer.stderr.startswith("warning: ")
    assert call("check", "F(3,3)-G(25)", "-q").stderr == ""


def test_yaml_prints_an_expansion_that_is_the_same_graph(call, tmp_path):
    expanded = call("check", "quickstart", "--yaml")
    assert expanded.code == 0
    (tmp_path / "expanded.yaml").write_text(expanded.stdout)
    assert call("check", "expanded.yaml", "--yaml").stdout == expanded.stdout
    assert "precision_max: 20" in expanded.stdout


def test_a_model_is_a_graph_too(call, model):
    answer = call("check", model)
    assert answer.code == 0
    assert "88,726 parameters" in answer.stdout


def test_schema_is_json(call):
    answer = call("check", "--schema")
    assert answer.code == 0
    assert "forward" in json.loads(answer.stdout)["properties"]
    assert call("check", "--schema", "--json").json["schema"] == json.loads(answer.stdout)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 flop"), (999, "999 flop"), (1.42e9, "1.42 Gflop"), (2e16, "2e+04 Tflop")],
)
def test_flops(number, text):
    assert in_flops(number) == text
