from pathlib import Path

import numpy as np
import pytest

import dcgraph


def test_a_run_writes_the_model_and_tells_what_to_do_next(call):
    answer = call("run", "quickstart", "--epochs", "1", "--seed", "3")
    assert answer.code == 0, answer.stderr
    assert Path("runs/quickstart-s3.h5").is_file()
    header, _, first, second = answer.stdout.splitlines()
    assert header.split() == ["node", "log-likelihood", "AUC", "sigma", "never", "won", "state"]
    assert first.split()[0] == "gmm1"
    assert second.split()[-1] == "converged"
    assert "dcgraph sample runs/quickstart-s3.h5 -o samples.png" in answer.stderr
    assert "dcgraph score runs/quickstart-s3.h5" in answer.stderr
    assert "\x1b" not in answer.stdout + answer.stderr


def test_json_is_all_there_is_on_stdout(call):
    answer = call("run", "quickstart", "--epochs", "0.5", "-o", "a b.h5", "--json")
    assert answer.code == 0
    found = answer.json
    assert found["command"] == "run"
    assert found["version"] == dcgraph.__version__
    assert found["ok"] is True
    assert found["seconds"] > 0
    assert (found["model"], found["seed"], found["steps"]) == ("a b.h5", 0, 7)
    assert found["nodes"].keys() == {"gmm1", "gmm2"}
    node = found["nodes"]["gmm2"]
    assert node.keys() == {"log_likelihood", "auc", "sigma", "state"}
    assert node["auc"] == found["metrics"]["gmm2"]["auc"]
    assert 0 <= node["auc"] <= 1
    assert node["state"] == "converged"


def test_the_provenance_holds_what_was_typed(call):
    call("run", "quickstart", "--epochs", "0.5", "-o", "a b.h5", "-q")
    command = dcgraph.load("a b.h5").record.provenance["command"]
    assert command == "dcgraph run quickstart --epochs 0.5 -o 'a b.h5' -q"


def test_quiet_means_nothing_on_stderr(call):
    answer = call("run", "quickstart", "--epochs", "1", "-q")
    assert answer.code == 0
    assert answer.stderr == ""
    assert "gmm2" in answer.stdout


def test_an_output_that_is_there_is_kept(call):
    Path("m.h5").write_bytes(b"something")
    answer = call("run", "quickstart", "-o", "m.h5")
    assert answer.code == 2
    assert answer.stderr.startswith("error: m.h5: the output file is there already")
    for way in ("--resume", "--overwrite", "-o"):
        assert way in answer.stderr
    assert Path("m.h5").read_bytes() == b"something"


def test_overwrite_replaces_it(call):
    Path("m.h5").write_bytes(b"something")
    assert call("run", "quickstart", "-o", "m.h5", "--epochs", "0.5", "--overwrite").code == 0
    assert dcgraph.load("m.h5").record.complete


def test_a_finished_run_is_left_alone_by_resume(call):
    assert call("run", "quickstart", "-o", "m.h5", "--epochs", "0.5", "--resume").code == 0
    before = Path("m.h5").read_bytes()
    answer = call("run", "quickstart", "-o", "m.h5", "--epochs", "0.5", "--resume")
    assert answer.code == 0
    assert "m.h5 is finished already" in answer.stderr
    assert "gmm2" in answer.stdout
    assert Path("m.h5").read_bytes() == before


def test_another_seed_cannot_resume(call):
    call("run", "quickstart", "-o", "m.h5", "--epochs", "0.5")
    answer = call("run", "quickstart", "-o", "m.h5", "--epochs", "0.5", "--seed", "1", "--resume")
    assert answer.code == 2
    assert "train.seed" in answer.stderr


def test_the_threads_and_settings_reach_the_run(call):
    answer = call(
        *("run", "quickstart", "--set", "gmm2.components=36", "--epochs", "0.5"),
        *("--threads", "1", "--backend", "numpy", "-o", "m.h5"),
    )
    assert answer.code == 0
    graph = dcgraph.load("m.h5").graph
    assert graph["gmm2"].shape == (1, 1, 36)
    assert graph.train.epochs == 0.5


def test_the_seed_decides_the_model(call):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        call("run", "quickstart", "--epochs", "0.5", "--seed", seed, "-o", f"{name}.h5")
    a, b, c = (
        dcgraph.load(f"{name}.h5").record.states["gmm2"].parameters["means"] for name in "abc"
    )
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_test_images_are_scored_on_the_way(call):
    answer = call("run", "quickstart", "--epochs", "2", "--eval-every", "1")
    assert answer.stderr.count(" test: gmm1 log_likelihood ") == 2


def test_a_notation_is_trained_on_the_data_that_is_named(call):
    answer = call("run", "F(4,2)-G(16)", "--data", "digits", "--epochs", "0.5", "--json")
    assert answer.code == 0, answer.stderr
    assert answer.json["nodes"]["gmm1"]["auc"] is None


def test_a_classifier_has_an_accuracy_instead(call):
    answer = call("run", "F(8,1)-C(10)", "--data", "digits", "--epochs", "1")
    assert answer.code == 0, answer.stderr
    assert answer.stdout.splitlines()[0].split() == ["node", "accuracy", "state"]
    assert "dcgraph score" not in answer.stderr


def test_missing_data_is_told_with_both_ways_to_get_it(call, tmp_path):
    answer = call("run", "dcgmm_e", "--json")
    assert answer.code == 2
    assert answer.json["error"]["kind"] == "data-missing"
    assert "dcgraph data fetch mnist" in answer.stderr
    assert "--data-dir" in answer.stderr
    assert not Path("runs").exists()


def test_the_data_directory_is_repeated_in_what_to_do_next(call, tmp_path):
    answer = call("run", "quickstart", "--epochs", "0.5", "--data-dir", tmp_path / "a b")
    assert f"--data-dir '{tmp_path / 'a b'}'" in answer.stderr


@pytest.mark.parametrize("epochs", ["0", "-1", "many", "inf", "nan"])
def test_epochs_must_make_sense(call, epochs):
    answer = call("run", "quickstart", f"--epochs={epochs}")
    assert answer.code == 2
    assert "train.epochs" in answer.stderr


def test_a_backend_that_is_not_there(call):
    answer = call("run", "quickstart", "--backend", "abacus")
    assert answer.code == 2
    assert "abacus" in answer.stderr


@pytest.fixture
def pixels(call, rng):
    """Trains a small graph on noise of the given width."""

    def train(width):
        images = (width * rng.normal(size=(200, 8, 8, 1))).astype(np.float32)
        np.savez("x.npz", images=images)
        settings = ("--set", "data.train=x.npz", "--set", "data.scale=1.0")
        settings += ("--set", "image.shape=[8,8,1]")
        return call("run", "F(4,2)-G(16)", "--data", "npz", *settings, "-o", "m.h5", "--json")

    return train


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the overflows lead to the error
def test_losses_that_are_not_finite_stop_the_run_with_1(pixels):
    answer = pixels(1e30)
    assert answer.code == 1
    assert answer.json["error"]["kind"] == "numerical"
    assert answer.json["error"]["node"] == "gmm1"
    assert "Traceback" not in answer.stderr
    assert dcgraph.load("m.h5").record.step == 0


def test_pixels_that_are_not_finite_are_told_with_their_image(pixels):
    answer = pixels(np.nan)
    assert answer.code != 0
    assert "NaN" in answer.json["error"]["message"]
    assert answer.json["error"]["node"] == "image"


def test_every_node_has_its_state(call):
    settings = {"gmm1.trainable": "false", "gmm2.delay": "1"}
    answer = call(
        *("run", "quickstart", "--epochs", "0.2", "--json"),
        *(part for name, value in settings.items() for part in ("--set", f"{name}={value}")),
    )
    nodes = answer.json["nodes"]
    assert nodes["gmm1"]["state"] == "frozen"
    assert nodes["gmm1"]["sigma"] is None
    assert nodes["gmm1"]["auc"] is not None
    assert nodes["gmm2"]["state"] == "waiting"
    assert nodes["gmm2"]["sigma"] > 1
