"""Worker processes: killed ones are replaced, and nothing of them is left."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace

import pytest
import study_runs

from dcgraph.study.local import on_this_machine


@pytest.fixture
def runs(grid, tmp_path):
    """Four runs, the second of graph "victim"."""
    _, made = grid()
    named = [replace(run, graph="victim") if run.graph == "two" else run for run in made[:4]]
    return [replace(run, data_directory=tmp_path) for run in named]


def test_outcomes_do_not_depend_on_the_number_of_workers(runs):
    one, two = (
        {
            outcome.run.name: outcome.result
            for outcome in on_this_machine(runs, n, study_runs.answer)
        }
        for n in (1, 2)
    )
    assert one == two
    assert list(one) == [run.name for run in runs]


def test_a_run_whose_worker_is_killed_is_done_again(runs):
    outcomes = {each.run.name: each for each in on_this_machine(runs, 2, study_runs.killed_once)}
    assert set(outcomes) == {run.name for run in runs}
    assert all(
        outcome.result == study_runs.answer(outcome.run).result for outcome in outcomes.values()
    )
    attempts = {run.name: len(study_runs.marks(run).read_text().split()) for run in runs}
    assert {name for name, count in attempts.items() if count > 1} == {
        run.name for run in runs if run.graph == "victim"
    }


def test_a_run_that_kills_every_worker_fails_alone(runs, monkeypatch):
    monkeypatch.setattr("dcgraph.study.local.ATTEMPTS", 2)
    outcomes = list(on_this_machine(runs, 2, study_runs.killed_always))
    failed = [outcome for outcome in outcomes if outcome.result is None]
    assert [outcome.run.graph for outcome in failed] == ["victim"]
    assert "was killed 2 times, perhaps for lack of memory" in failed[0].error
    assert len(study_runs.marks(failed[0].run).read_text().split()) == 2
    assert len(outcomes) == len(runs)


def test_a_worker_whose_device_has_failed_makes_place_for_a_new_one(runs):
    outcomes = list(on_this_machine(runs, 1, study_runs.spends))
    assert [outcome.run.name for outcome in outcomes] == [run.name for run in runs]
    failed = {outcome.run.graph for outcome in outcomes if outcome.result is None}
    assert failed == {"victim"}


def test_workers_end_with_the_iterator(runs):
    stopped = threading.Event()

    def close_when_begun() -> None:
        while not any(study_runs.marks(run).exists() for run in runs):
            time.sleep(0.05)
        stopped.set()
        os.kill(os.getpid(), 2)

    watcher = threading.Thread(target=close_when_begun)
    watcher.start()
    outcomes = on_this_machine(runs, 1, study_runs.sleeps)
    with pytest.raises(KeyboardInterrupt):
        next(outcomes)
    watcher.join()
    assert stopped.is_set()
    worker = int(study_runs.marks(runs[0]).read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
