import errno

import click
import pytest

from dcgraph.cli.errors import explain
from dcgraph.errors import (
    DataMissingError,
    GraphError,
    InterruptedRunError,
    ModelFileError,
    NumericalError,
    OutputExistsError,
    Problem,
)


@pytest.mark.parametrize(
    ("error", "code", "kind", "line"),
    [
        (NumericalError("loss is NaN", node="gmm1"), 1, "numerical", "node 'gmm1': loss is NaN"),
        (ModelFileError("is damaged", file="m.h5"), 1, "model-file", "m.h5: is damaged"),
        (DataMissingError("not here"), 2, "data-missing", "not here"),
        (OutputExistsError("is there", file="m.h5"), 2, "output-exists", "m.h5: is there"),
        (InterruptedRunError("stopped"), 130, "interrupted", "stopped"),
        (KeyboardInterrupt(), 130, "interrupted", "interrupted"),
        (click.Abort(), 130, "interrupted", "interrupted"),
        (click.UsageError("no such thing"), 2, "usage", "no such thing"),
        (click.FileError("x", "hint"), 2, "usage", "Could not open file 'x': hint"),
        (PermissionError(errno.EACCES, "", "x.png"), 2, "os", "x.png: permission denied"),
        (OSError(errno.EIO, "", "x.png"), 1, "os", "x.png: input/output error"),
        (ZeroDivisionError("division"), 1, "unexpected", "ZeroDivisionError: division"),
        (NotImplementedError(), 1, "unexpected", "NotImplementedError"),
    ],
)
def test_each_error_has_its_exit_code_and_one_line(error, code, kind, line):
    fault = explain(error)
    assert fault.exit_code == code
    assert fault.fields["kind"] == kind
    assert fault.lines == (line,)
    assert {"kind", "message", "file", "line", "node", "field"} <= fault.fields.keys()


def test_a_full_disk_says_what_to_do():
    fault = explain(OSError(errno.ENOSPC, "", "runs/m.h5"))
    assert fault.exit_code == 1
    assert fault.lines[0].startswith("runs/m.h5: the disk is full: make room")


def test_too_little_memory_says_what_to_do():
    fault = explain(MemoryError("Unable to allocate 3.00 TiB"))
    assert fault.exit_code == 1
    assert "Unable to allocate 3.00 TiB" in fault.lines[0]
    assert "smaller" in fault.lines[0]


def test_every_problem_of_a_graph_is_a_line_and_json_holds_all():
    fault = explain(GraphError([Problem("one", "g.yaml", 3), Problem("two", "g.yaml", 7, "gmm1")]))
    assert fault.exit_code == 2
    assert fault.lines == ("g.yaml:3: one", "g.yaml:7: node 'gmm1': two")
    assert fault.fields["line"] == 3
    assert [problem["line"] for problem in fault.fields["problems"]] == [3, 7]


def test_a_fault_of_the_program_is_told_without_a_traceback(call, monkeypatch):
    def fail():
        message = "something\nis amiss"
        raise RuntimeError(message)

    monkeypatch.setattr("dcgraph.backends.select.backends", fail)
    answer = call("backends")
    assert (answer.code, answer.stdout) == (1, "")
    first, second = answer.stderr.splitlines()
    assert first == "error: RuntimeError: something is amiss"
    assert "--debug" in second


def test_debug_shows_the_traceback(call, monkeypatch):
    def fail():
        message = "something is amiss"
        raise RuntimeError(message)

    monkeypatch.setattr("dcgraph.backends.select.backends", fail)
    answer = call("backends", "--debug", "--json")
    assert answer.code == 1
    assert "Traceback" in answer.stderr
    assert "in fail" in answer.stderr
    assert answer.json["error"]["kind"] == "unexpected"


def test_interruption_elsewhere_than_in_a_run(call, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("dcgraph.backends.select.backends", interrupt)
    answer = call("backends", "--json")
    assert answer.code == 130
    assert answer.json["error"]["message"] == "interrupted"
    assert answer.stderr.strip() == "error: interrupted"
