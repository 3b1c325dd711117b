"""The same outcomes from Dask, whose workers may be killed too."""

from __future__ import annotations

from dataclasses import replace

import pytest
import study_runs

from dcgraph.errors import RequestError
from dcgraph.study.cluster import on_cluster

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'dcgraph[cluster]'")


@pytest.fixture
def runs(grid, tmp_path):
    _, made = grid()
    named = [replace(run, graph="victim") if run.graph == "two" else run for run in made[:4]]
    return [replace(run, data_directory=tmp_path) for run in named]


def test_a_local_cluster_does_the_runs_and_those_of_killed_workers_again(runs):
    outcomes = {
        each.run.name: each for each in on_cluster(runs, "local", 2, study_runs.killed_once)
    }
    assert set(outcomes) == {run.name for run in runs}
    for outcome in outcomes.values():
        assert outcome.result == study_runs.answer(outcome.run).result
    (victim,) = (run for run in runs if run.graph == "victim")
    assert len(study_runs.marks(victim).read_text().split()) == 2


def test_a_worker_whose_device_has_failed_is_started_anew(runs):
    outcomes = list(on_cluster(runs, "local", 1, study_runs.spends))
    assert {outcome.run.name for outcome in outcomes} == {run.name for run in runs}
    failed = {outcome.run.graph for outcome in outcomes if outcome.result is None}
    assert failed == {"victim"}


def test_an_address_where_nobody_answers_is_told(runs, monkeypatch):
    monkeypatch.setattr("dcgraph.study.cluster.PATIENCE", 1)
    with pytest.raises(RequestError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        next(on_cluster(runs, "tcp://127.0.0.1:9", 1, study_runs.answer))
