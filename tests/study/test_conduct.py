"""Resuming: what is finished stays, what is not is run."""

from __future__ import annotations

import pytest
import study_runs

from dcgraph.errors import BackendError, InterruptedRunError
from dcgraph.study.conduct import check_needs, conduct, survey
from dcgraph.study.results import Results
from dcgraph.study.run import Outcome


class Engine:
    """Executes here, and remembers what."""

    def __init__(self, function=study_runs.answer, stop_after=None):
        self.function = function
        self.stop_after = stop_after
        self.done = []

    def __call__(self, runs):
        for run in runs:
            if len(self.done) == self.stop_after:
                raise KeyboardInterrupt
            self.done.append(run.name)
            yield self.function(run)


@pytest.fixture
def runs(grid):
    return grid()[1]


def test_the_second_time_nothing_is_run(runs, tmp_path):
    first, second = Engine(), Engine()
    conduct(runs, tmp_path, first)
    standing = conduct(runs, tmp_path, second)
    assert first.done == [run.name for run in runs]
    assert second.done == []
    assert standing.found == {run.name: study_runs.answer(run).result for run in runs}


def test_a_result_that_is_gone_is_made_again_and_it_alone(runs, tmp_path):
    conduct(runs, tmp_path, Engine())
    (tmp_path / "runs" / runs[2].file_name).unlink()
    engine = Engine()
    standing = conduct(runs, tmp_path, engine)
    assert engine.done == [runs[2].name]
    assert standing.computed == 1
    assert len(standing.found) == len(runs)


@pytest.mark.parametrize("length", [0, 10, 1000])
def test_a_damaged_result_is_made_again(runs, tmp_path, length):
    conduct(runs, tmp_path, Engine())
    path = tmp_path / "runs" / runs[1].file_name
    path.write_bytes(path.read_bytes()[:length])
    engine = Engine()
    conduct(runs, tmp_path, engine)
    assert engine.done == [runs[1].name]


def test_only_what_is_chosen_is_run(runs, tmp_path):
    engine = Engine()
    standing = conduct(runs, tmp_path, engine, chosen=runs[3:5])
    assert engine.done == [run.name for run in runs[3:5]]
    assert set(standing.found) == set(engine.done)


def test_a_failure_is_kept_apart_and_tried_again(grid, small, tmp_path):
    _, runs = grid(small.replace("two:", "victim:").replace("{two: ", "{victim: "))
    heard = []
    standing = conduct(runs, tmp_path, Engine(study_runs.fails), listen=heard.append)
    victims = [run.name for run in runs if run.graph == "victim"]
    assert standing.failed == dict.fromkeys(victims, "it was to fail")
    assert len(standing.found) == len(runs) - len(victims)
    assert [type(outcome) for outcome in heard] == [Outcome] * len(runs)
    again = Engine()
    assert not conduct(runs, tmp_path, again).failed
    assert again.done == victims


def test_a_backend_that_cannot_run_is_told_before_an_anchor_would_be(grid, monkeypatch):
    monkeypatch.setattr("dcgraph.backends.cupy.status.why_not", lambda device=0: f"no {device}")
    _, runs = grid(backend="cupy:2")
    with pytest.raises(BackendError, match=r"^the cupy backend cannot run here: no 2$"):
        check_needs(runs)
    check_needs([run for run in runs if run.anchor is not None])
    check_needs(grid()[1])


def test_what_was_finished_before_ctrl_c_is_kept(runs, tmp_path):
    with pytest.raises(InterruptedRunError, match=r"stopped with 3 of 7 runs finished.*goes on"):
        conduct(runs, tmp_path, Engine(stop_after=3))
    assert len(survey(runs, Results(tmp_path / "runs")).found) == 3
    engine = Engine()
    conduct(runs, tmp_path, engine)
    assert engine.done == [run.name for run in runs[3:]]
