"""Studies on the CuPy backend: what runs find, what they leave of the device, how they fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import study_runs
from click.testing import CliRunner
from emulation.device import EmulatedDevice

from dcgraph.cli.main import main
from dcgraph.plugin.load import installed_plugins
from dcgraph.study.execute import execute
from dcgraph.study.grid import runs_of
from dcgraph.study.local import on_this_machine
from dcgraph.study.read import parse_study
from dcgraph.study.results import encoded, read_result

STUDY = """\
name: tiny
graphs:
  one: {graph: "F(4,2)-G(9)-F(3,1)-G(4)", set: {gmm2.delay: 0.2}}
  victim: "F(4,4)-G(4)-F(2,1)-G(4)"
data: [digits]
outliers: [[0]]
seeds: 0..1
set: {data.limit: 60, train.epochs: 2, train.batch_size: 10, train.dtype: float64}
evaluate:
  - {type: metrics, names: [auc, log_likelihood], kinds: [log_likelihood, max_component]}
  - roc
  - {type: dynamics, epochs_apart: 0.5}
anchors: [brightness]
"""
WALKING_DOWN = """\
  - {type: combined, weights: {gmm1.least: 1, gmm2.within: 1, gmm2: -0.5}, two_sided: [gmm2]}
  - {type: samples, n: 6, shown: 4}
  - {type: sharpening, steps: [0, 2], n: 4}
  - {type: inpainting, n: 6, shown: 2}
  - alphabet
anchors:"""


def runs(text=STUDY, **settings):
    plugins = installed_plugins()
    study, document = parse_study(text, plugins, "study.yaml")
    return runs_of(study, document, plugins, **settings)


@pytest.fixture
def described(on, monkeypatch):
    """Give the emulated device a description, for there is none to be asked."""
    if isinstance(on.device, EmulatedDevice):
        monkeypatch.setattr("dcgraph.study.execute.description", lambda name: f"emulated {name}")


@pytest.mark.usefixtures("described")
def test_a_run_finds_what_it_finds_on_numpy(tmp_path):
    here, there = (execute(runs(backend=name)[0]) for name in ("numpy", "cupy"))
    assert (here.error, there.error) == (None, None)
    assert there.result.machine.startswith(f"{here.result.machine}, ")
    assert here.result.values.keys() == there.result.values.keys()
    for node, values in here.result.values.items():
        assert there.result.values[node] == pytest.approx(values, rel=1e-6)
    for kind, arrays in here.result.arrays.items():
        for name, array in arrays.items():
            np.testing.assert_allclose(there.result.arrays[kind][name], array, rtol=1e-5)
    path = tmp_path / "result.h5"
    path.write_bytes(encoded(there.run, there.result))
    assert read_result(path, there.run.digest).values == there.result.values


@pytest.mark.usefixtures("described")
def test_every_evaluation_of_a_model_works_on_it():
    run = runs(STUDY.replace("anchors:", WALKING_DOWN), backend="cupy")[0]
    outcome = execute(run)
    assert outcome.error is None
    assert outcome.result.arrays.keys() == {each.type for each in run.evaluations}
    assert set(outcome.result.values) >= {"gmm1", "gmm2", "combined", "mean image"}
    for arrays in outcome.result.arrays.values():
        assert all(isinstance(array, np.ndarray) for array in arrays.values())
    assert encoded(run, outcome.result)


@pytest.mark.gpu
def test_runs_leave_no_memory_taken():
    same = [
        run for run in runs(STUDY.replace("0..1", "0..7"), backend="cupy") if run.graph == "one"
    ]
    outcomes = on_this_machine(same, 1, study_runs.weighs_its_memory)
    kept = [outcome.result.values["device"]["kept"] for outcome in outcomes]
    assert len(kept) == 8
    assert max(kept) < 2**20


@pytest.mark.gpu
def test_a_lack_of_device_memory_is_a_failure_of_one_run():
    import cupy

    run, pool = runs(backend="cupy")[0], cupy.get_default_memory_pool()
    pool.set_limit(size=1024)
    try:
        outcome = execute(run)
    finally:
        pool.set_limit(size=0)
    assert outcome.error == (
        "there is not enough memory here or on the device: use fewer --workers"
    )
    assert not outcome.spent
    assert execute(run).error is None


@pytest.mark.gpu
def test_a_fault_of_the_device_fails_one_run_and_its_worker_is_replaced():
    outcomes = list(on_this_machine(runs(backend="cupy"), 1, study_runs.ruins_the_device))
    assert len(outcomes) == 5
    for outcome in outcomes:
        assert outcome.spent == (outcome.result is None) == (outcome.run.graph == "victim")


@pytest.mark.gpu
def test_workers_share_a_device(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(STUDY)
    call = ["study", "tiny.yaml", "--backend", "cupy", "--workers", "2", "-o", "out"]
    answer = CliRunner().invoke(main, call)
    assert answer.exit_code == 0, answer.stderr
    assert "5/5 " in answer.stderr
    page = (tmp_path / "out" / "results.md").read_text()
    assert "- backend: cupy\n" in page
    assert ", CuPy " in page
    again = CliRunner().invoke(main, call)
    assert "all 5 runs are finished already" in again.stderr
    found = {outcome.run.name: outcome for outcome in map(execute, runs(backend="cupy"))}
    for run in runs(backend="cupy"):
        result = read_result(tmp_path / "out" / "runs" / run.file_name, run.digest)
        assert result.values.keys() == found[run.name].result.values.keys()
        for node, values in result.values.items():
            assert found[run.name].result.values[node] == pytest.approx(values, rel=1e-6)


def test_a_run_where_the_device_cannot_be_used_says_so(monkeypatch):
    monkeypatch.setattr("dcgraph.backends.cupy.status.why_not", lambda device=0: "there is no GPU")
    run = replace(runs()[0], backend="cupy")
    outcome = execute(run)
    assert outcome.error == "the cupy backend cannot run here: there is no GPU"
