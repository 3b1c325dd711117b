"""A run that was stopped goes on to the numbers of one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import pytest

from dcgraph.contracts.events import BatchEnded, Observer
from dcgraph.data.dataset import open_dataset
from dcgraph.errors import (
    InterruptedRunError,
    OutputExistsError,
    OutputLockedError,
    RequestError,
)
from dcgraph.graph.load import load_graph
from dcgraph.storage.lock import output_lock
from dcgraph.storage.read import read_model
from dcgraph.training.run import run

GRAPH = {
    "name": "small",
    "data": {"source": "digits", "outliers": [0], "limit": 330},
    "nodes": {
        "image": {"type": "input", "shape": [8, 8, 1]},
        "fold1": {"type": "folding", "kernel": 3, "stride": 2},
        "gmm1": {"type": "gmm", "components": 9},
        "fold2": {"type": "folding", "kernel": 3},
        "gmm2": {"type": "gmm", "components": 16, "delay": 0.3},
        "classifier": {"type": "classifier", "classes": 10},
    },
    "forward": ["image -> fold1 -> gmm1 -> fold2 -> gmm2 -> classifier"],
    "train": {"epochs": 5, "batch_size": 50},
}
TOTAL = 35


@dataclass
class StopAt(Observer):
    """Presses Ctrl-C when a step is done."""

    step: int

    def notify(self, event):
        if isinstance(event, BatchEnded) and event.step == self.step:
            os.kill(os.getpid(), signal.SIGINT)


def train(output, *, overrides=(), **options):
    graph = load_graph(GRAPH, overrides=overrides)
    dataset = open_dataset(graph.data, graph["image"].shape, None)
    return run(graph, dataset, output=output, **options)


def assert_same(first, second):
    assert first.states.keys() == second.states.keys()
    for name, state in first.states.items():
        other = second.states[name]
        for kind in ("parameters", "optimizer"):
            arrays, others = getattr(state, kind), getattr(other, kind)
            assert arrays.keys() == others.keys()
            for key, array in arrays.items():
                np.testing.assert_array_equal(array, others[key], err_msg=f"{name} {kind} {key}")
        assert state.annealing == pytest.approx(other.annealing, rel=0, abs=0, nan_ok=True)
        assert state.updates == other.updates
    assert first.history == second.history
    assert first.metrics == second.metrics


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    path = tmp_path_factory.mktemp("unbroken") / "model.h5"
    train(path)
    return read_model(path)


@pytest.mark.parametrize("step", [1, 7, 10, 11, 34])
@pytest.mark.parametrize("optimizer", ["em", "sgd"])
def test_ctrl_c_saves_and_resume_goes_on_to_the_same_numbers(tmp_path, step, optimizer):
    overrides = [f"train.optimizer={{type: {optimizer}}}"]
    whole = train(tmp_path / "whole.h5", overrides=overrides)
    path = tmp_path / "broken.h5"
    with pytest.raises(InterruptedRunError, match=f"stopped after step {step} of {TOTAL}"):
        train(path, overrides=overrides, observers=[StopAt(step)])
    assert read_model(path).step == step
    assert not read_model(path).complete
    train(path, overrides=overrides, resume=True)
    assert_same(read_model(path), whole)


def test_resume_starts_where_there_is_no_file(tmp_path, unbroken):
    train(tmp_path / "new.h5", resume=True)
    assert_same(read_model(tmp_path / "new.h5"), unbroken)


def test_resuming_a_finished_run_changes_nothing(tmp_path):
    path = tmp_path / "model.h5"
    train(path)
    before = path.read_bytes()
    assert train(path, resume=True).complete
    assert path.read_bytes() == before


def test_an_output_that_exists_is_not_touched(tmp_path):
    path = tmp_path / "model.h5"
    path.write_text("mine")
    with pytest.raises(OutputExistsError, match=r"--resume.*--overwrite.*-o"):
        train(path)
    assert path.read_text() == "mine"
    assert train(path, overwrite=True).complete


def test_two_runs_cannot_write_one_file(tmp_path):
    path = tmp_path / "model.h5"
    with output_lock(path), pytest.raises(OutputLockedError, match="another process"):
        train(path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("override", "field"),
    [
        ("train.seed=1", "train.seed"),
        ("gmm1.components=16", "nodes.gmm1.components"),
        ("data.limit=300", "data.limit"),
        ("train.epochs=6", "train.epochs"),
    ],
)
def test_another_run_is_not_resumed(tmp_path, override, field):
    path = tmp_path / "model.h5"
    with pytest.raises(InterruptedRunError):
        train(path, observers=[StopAt(4)])
    before = path.read_bytes()
    with pytest.raises(RequestError, match="cannot resume") as caught:
        train(path, overrides=[override], resume=True)
    assert caught.value.problem.field == field
    assert path.read_bytes() == before


LONG = ["train.epochs=40"]
PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_resume
test_resume.train(Path(sys.argv[1]), overrides=test_resume.LONG, resume=True, save_every=0.0)
"""


def test_a_killed_run_leaves_a_whole_file_and_goes_on_to_the_same_numbers(tmp_path):
    unbroken = train(tmp_path / "unbroken.h5", overrides=LONG)
    path = tmp_path / "model.h5"
    program = PROGRAM.format(tests=os.path.dirname(__file__))  # noqa: PTH120 - spliced into code
    rng = random.Random(0)
    kills = 0
    for _ in range(12):
        child = subprocess.Popen([sys.executable, "-c", program, str(path)])
        while not path.exists() and child.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 1.2))
        child.send_signal(signal.SIGKILL)
        child.wait()
        kills += child.returncode == -signal.SIGKILL
        record = read_model(path)
        if record.complete:
            break
    assert kills
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=120)
    assert_same(read_model(path), unbroken)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["model.h5", "unbroken.h5"]
