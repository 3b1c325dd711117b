"""The command: one table whatever the workers, resumed, listed, chosen."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from dcgraph.graph.shipped import shipped_studies

STUDY = """\
name: tiny
title: Digits, small
graphs:
  one: "F(8,1)-G(9)"
  two: "F(3,1)-G(9)-F(6,1)-G(9)"
data: [digits]
outliers: [[0]]
seeds: [0]
set: {data.limit: 300}
quick: {graphs: [one], set: {data.limit: 100}}
evaluate: [metrics, {type: samples, n: 9, shown: 9}]
anchors: [brightness]
paper: {auc: {one: {digits: [0.5]}}}
"""
PROGRAM = [sys.executable, "-m", "dcgraph"]
RUNS = ["one/digits/0", "two/digits/0", "brightness/digits/0"]


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory, anywhere):
    """The study and its folder, after a run with one worker."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "tiny.yaml").write_text(STUDY)
    output = ("-o", folder / "out", "--workers", "1", "--json")
    answer = anywhere("study", folder / "tiny.yaml", *output)
    assert answer.code == 0, answer.stderr
    return folder, answer


def begun(folder: Path, *arguments) -> subprocess.Popen:
    """Start the command in a session of its own, as a terminal would."""
    return subprocess.Popen(
        [*PROGRAM, "study", *map(str, arguments)],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def workers_of(process: subprocess.Popen) -> int:
    """Return how many of its children are workers, which import before they can do anything."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/children")
    children = {child for thread in threads for child in thread.read_text().split()}
    return sum("spawn_main" in Path(f"/proc/{each}/cmdline").read_text() for each in children)


def table_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("table.csv", "table.md", "table.h5")}


def test_a_study_leaves_a_page_a_table_and_figures(finished):
    folder, answer = finished
    reply = answer.json
    assert (reply["runs"], reply["finished"], reply["computed"]) == (3, 3, 3)
    assert reply["failed"] == []
    assert {row["graph"] for row in reply["rows"]} >= {"one", "two", "brightness"}
    with (folder / "out" / "table.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [float(line["mean"]) for line in lines] == [row["mean"] for row in reply["rows"]]
    for file in reply["files"]:
        assert Path(file).stat().st_size
    page = (folder / "out" / "results.md").read_text()
    for text in ("# Digits, small", "- command: `dcgraph study ", "- machine: ", "- seeds: 0\n"):
        assert text in page
    assert "- runs: 3 of 3" in page
    assert (folder / "out" / "table.md").read_text().strip() in page
    figures = sorted(path.name for path in (folder / "out" / "figures").iterdir())
    assert figures == ["auc.png", "samples-digits.png"]
    assert all(f"](figures/{name})" in page for name in figures)


CLUSTER = pytest.param(
    ("--cluster", "local", "--workers", "2"),
    marks=pytest.mark.skipif(find_spec("distributed") is None, reason="Dask is not installed"),
)


@pytest.mark.parametrize("spread", [("--workers", "2"), CLUSTER])
def test_the_table_is_the_same_whatever_the_workers(finished, study, call, tmp_path, spread):
    answer = call("study", study, "-o", tmp_path / "out", *spread)
    assert answer.code == 0, answer.stderr
    assert table_of(tmp_path / "out") == table_of(finished[0] / "out")
    assert "brightness" in answer.stdout
    assert "3/3 " in answer.stderr


def test_a_finished_study_is_only_written_anew(finished, call):
    folder, _ = finished
    before = table_of(folder / "out")
    times = {path: path.stat().st_mtime_ns for path in (folder / "out" / "runs").iterdir()}
    answer = call("study", folder / "tiny.yaml", "-o", folder / "out")
    assert answer.code == 0
    assert "all 3 runs are finished already" in answer.stderr
    assert table_of(folder / "out") == before
    assert times == {path: path.stat().st_mtime_ns for path in times}


def test_list_says_what_is_done(finished, call, study):
    folder, _ = finished
    listed = call("study", folder / "tiny.yaml", "-o", folder / "out", "--list", "--json").json
    assert [(run["run"], run["state"]) for run in listed["runs"]] == [(r, "done") for r in RUNS]
    answer = call("study", study, "--list", "--only", "one")
    assert answer.code == 0
    assert "to do" in answer.stdout
    assert "two/" not in answer.stdout
    assert not Path("studies").exists()


def test_only_some_runs(study, call):
    answer = call("study", study, "--only", "brightness", "--json", "--workers", "1")
    assert (answer.json["finished"], answer.json["computed"]) == (1, 1)
    page = Path("studies/tiny/results.md").read_text()
    assert "## Not run yet\n\n- one/digits/0\n- two/digits/0" in page
    answer = call("study", study, "--only", "three")
    assert answer.code == 2
    assert "no run is meant by 'three': runs are called as 'one/digits/0' is" in answer.stderr


def test_quick_goes_to_a_folder_of_its_own(study, call):
    answer = call("study", study, "--quick", "--workers", "1", "--json")
    assert answer.code == 0, answer.stderr
    assert answer.json["folder"] == str(Path("studies") / "tiny-quick")
    assert answer.json["runs"] == 2
    assert "The quick version" in Path("studies/tiny-quick/results.md").read_text()


@pytest.fixture
def without_gpu(monkeypatch):
    monkeypatch.setattr("dcgraph.backends.cupy.status.why_not", lambda device=0: "there is no GPU")


@pytest.mark.usefixtures("without_gpu")
@pytest.mark.parametrize("spread", [("--workers", "1"), ("--cluster", "local")])
def test_a_backend_that_cannot_run_is_told_before_anything_else(study, call, spread):
    study.write_text(STUDY.replace("digits", "mnist").replace("F(8,1)", "F(28,1)"))
    answer = call("study", study, "--only", "one", "--backend", "cupy", *spread)
    assert answer.code == 2
    assert answer.stderr == "error: the cupy backend cannot run here: there is no GPU\n"
    assert answer.stdout == ""
    assert not Path("studies").exists()


@pytest.mark.usefixtures("without_gpu")
def test_runs_on_another_backend_are_other_runs_but_anchors_are_the_same(finished, call):
    folder, _ = finished
    listed = ("study", folder / "tiny.yaml", "-o", folder / "out", "--list", "--json")
    states = {
        backend: [run["state"] for run in call(*listed, "--backend", backend).json["runs"]]
        for backend in ("numpy", "cupy", "auto")
    }
    done = ["done"] * 3
    assert states == {"numpy": done, "cupy": ["to do", "to do", "done"], "auto": done}
    answer = call(*listed, "--device", "1")
    assert answer.code == 2
    assert "the numpy backend has no devices" in answer.stderr


def test_auto_is_refused_where_other_machines_compute(study, call):
    answer = call("study", study, "--backend", "auto", "--cluster", "tcp://127.0.0.1:9")
    assert answer.code == 2
    assert "what 'auto' means on a cluster's machines is not known here" in answer.stderr


def test_a_failed_run_is_listed_and_the_others_are_done(study, call):
    rate = "{train.optimizer: {type: sgd, rate: 1.0e+300}}"
    study.write_text(STUDY.replace('"F(8,1)-G(9)"', f"{{graph: 'F(8,1)-G(9)', set: {rate}}}"))
    answer = call("study", study, "--json", "--workers", "1")
    assert answer.code == 1
    assert answer.json["ok"] is False
    (failed,) = answer.json["failed"]
    assert failed["run"] == "one/digits/0"
    assert "NaN or infinite" in failed["error"]
    assert answer.json["finished"] == 2
    assert f"error: run one/digits/0: {failed['error']}" in answer.stderr
    page = Path("studies/tiny/results.md").read_text()
    assert f"## Failed\n\n- one/digits/0: {failed['error']}" in page


def test_a_wrong_file_is_told_with_its_line(study, call):
    study.write_text(STUDY.replace("seeds: [0]", "sedes: [0]"))
    answer = call("study", study, "--json")
    assert answer.code == 2
    assert answer.json["error"]["kind"] == "study"
    assert answer.json["error"]["line"] == 8
    assert "did you mean 'seeds'" in answer.stderr


def test_a_missing_data_set_is_told_before_anything_is_run(study, call):
    study.write_text(STUDY.replace("digits", "mnist").replace("F(8,1)", "F(28,1)"))
    answer = call("study", study, "--only", "one")
    assert answer.code == 2
    assert "dcgraph data fetch mnist" in answer.stderr


def test_without_a_file_the_shipped_studies_are_listed(call):
    answer = call("study", "--json")
    assert answer.code == 0, answer.stderr
    listed = {study["name"]: study for study in answer.json["studies"]}
    assert set(listed) == set(shipped_studies())
    for study in listed.values():
        assert study["title"]
        assert 0 < study["quick_runs"] <= study["runs"]
    assert "outliers_mnist" in call("study").stdout


def test_ctrl_c_keeps_what_is_finished(study, tmp_path):
    text = STUDY.replace('"F(3,1)-G(9)-F(6,1)-G(9)"', "{graph: 'F(3,1)-G(25)', set: LONG}")
    study.write_text(text.replace("LONG", "{train.epochs: 100000}"))
    process = begun(tmp_path, study, "--workers", "1")
    runs = tmp_path / "studies" / "tiny" / "runs"
    while not (runs.is_dir() and list(runs.glob("one*.h5"))):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout == ""
    assert "stopped with 1 of 3 runs finished" in stderr
    assert "Traceback" not in stderr


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs to see its processes")
@pytest.mark.parametrize(
    "engine",
    [
        [],
        pytest.param(
            ["--cluster", "local"],
            marks=pytest.mark.skipif(find_spec("distributed") is None, reason="needs Dask"),
        ),
    ],
    ids=["processes", "cluster"],
)
def test_ctrl_c_while_workers_begin_says_one_sentence(study, tmp_path, engine):
    process = begun(tmp_path, study, "--workers", "2", *engine)
    while workers_of(process) < 2:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    time.sleep(0.2)  # until they are in the middle of their imports
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    lines = [line for line in stderr.splitlines() if "runs to do" not in line]
    assert len(lines) == 1, stderr
    assert lines[0].startswith("error: stopped with 0 of 3 runs finished")
