import numpy as np
import pytest

import dcgraph
from dcgraph.cli.inspect import PLANS


def test_a_graph_file(call, small):
    answer = call("inspect", small)
    assert answer.code == 0
    assert answer.stdout.startswith("small: 5 nodes, 88,726 parameters\n")
    assert "forward  image -> fold1 -> gmm1 -> fold2 -> gmm2\n" in answer.stdout
    assert "control  gmm2 -> fold2 -> gmm1 -> fold1 -> image\n" in answer.stdout
    row = next(line for line in answer.stdout.splitlines() if line.startswith("gmm2"))
    assert row.split() == [
        *("gmm2", "gmm", "fold2", "1x1x49", "88,250"),
        *("em,", "exponential", "delay", "0.1,", "components", "49"),
    ]


def test_a_model_shows_its_training_too(call, model):
    answer = call("inspect", model)
    assert answer.code == 0
    assert "complete: step 26 of 26, epoch 2, seed 0" in answer.stdout
    assert "converged" in answer.stdout
    assert "last reading" in answer.stdout
    assert "winner_entropy" in answer.stdout
    assert "data_digest" in answer.stdout


def test_json_of_a_model(call, model):
    found = call("inspect", model, "--json").json
    record = dcgraph.load(model).record
    assert found["command"] == "inspect"
    assert found["nodes"]["gmm2"]["parameters"] == 88250
    assert found["nodes"]["gmm2"]["shape"] == [1, 1, 49]
    assert found["nodes"]["gmm2"]["inputs"] == ["fold2"]
    assert found["nodes"]["gmm2"]["state"] == "converged"
    assert found["nodes"]["gmm2"]["auc"] == record.metrics["gmm2"]["auc"]
    assert ["image", "fold1"] in found["forward"]
    assert ["fold1", "image"] in found["control"]
    assert found["plan"].keys() == set(PLANS)
    assert found["plan"]["train"][0]["action"] == "feed"
    assert found["history"]["gmm1"]["step"] == record.history["gmm1"]["step"]
    assert found["provenance"]["numpy"] == np.__version__
    assert found["run"] == {
        "seed": 0,
        "step": 26,
        "total_steps": 26,
        "epoch": 2.0,
        "complete": True,
    }


def test_json_of_a_graph_has_the_same_keys(call, model):
    graph, trained = (call("inspect", file, "--json").json for file in ("quickstart", model))
    assert graph.keys() == trained.keys()
    assert graph["run"] is None
    assert graph["history"] == {}


@pytest.mark.parametrize("kind", PLANS)
def test_one_plan(call, kind):
    answer = call("inspect", "quickstart", "--plan", kind)
    assert answer.code == 0
    shown = [line for line in answer.stdout.splitlines() if line.endswith(" plan")]
    assert shown == [f"{kind} plan"]


@pytest.mark.parametrize("order", [["--plan", "quickstart"], ["quickstart", "--plan"]])
def test_all_plans_wherever_the_option_stands(call, order):
    answer = call("inspect", *order)
    assert answer.code == 0
    shown = [line for line in answer.stdout.splitlines() if line.endswith(" plan")]
    assert shown == [f"{kind} plan" for kind in PLANS]
    assert "control   fold1   gmm1>fold1" in answer.stdout


def test_a_graph_that_has_no_plan_of_a_kind(call):
    answer = call("inspect", "F(8,1)-C(10)", "--plan", "control")
    assert answer.code == 0
    assert "none: the graph has nothing for it to do" in answer.stdout


def test_settings_change_what_is_shown(call):
    answer = call("inspect", "quickstart", "--set", "gmm2.components=36")
    assert "1x1x36" in answer.stdout


def test_a_file_that_is_not_there(call):
    answer = call("inspect", "absent.h5")
    assert answer.code == 2
    assert "absent.h5" in answer.stderr


def test_a_damaged_model(call, model, tmp_path):
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "damaged.h5").write_bytes(data)
    answer = call("inspect", "damaged.h5")
    assert answer.code == 1
    assert answer.stderr.startswith("error: damaged.h5: ")
    assert len(answer.stderr.splitlines()) == 1
