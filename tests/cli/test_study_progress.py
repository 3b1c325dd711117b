"""The display of a study, driven by outcomes."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from dcgraph.cli.session import Session
from dcgraph.cli.study_progress import study_progress
from dcgraph.study.run import Outcome, Result, Run


def runs(n: int) -> list[Run]:
    return [Run("E", "mnist", seed, {}, ()) for seed in range(n)]


def shown(*, terminal: bool, quiet: bool = False) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=90, markup=False)
    session = Session(quiet=quiet)
    session.stderr = console
    first, second = runs(2)
    with study_progress(session, [first, second]) as progress:
        progress.note(Outcome(first, Result((), {}, seconds=12.3)))
        progress.note(Outcome(second, error="it was too large"))
    assert (progress.done, progress.failed) == (2, 1)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_line_for_each_run_in_a_pipe():
    lines = shown(terminal=False).splitlines()
    assert lines[0] == "2 runs to do"
    assert lines[1].startswith("1/2 E/mnist/0: 12.3 s, ")
    assert lines[2].startswith("2/2 E/mnist/1: failed: it was too large, ")


def test_a_bar_on_a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    text = shown(terminal=True)
    assert "100%" in text
    assert "2/2, 1 failed" in text


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_is_silent(terminal):
    assert shown(terminal=terminal, quiet=True) == ""
