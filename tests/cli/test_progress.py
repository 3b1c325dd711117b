"""The displays, driven by events as a run would emit them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from dcgraph.cli import progress
from dcgraph.cli.progress import LiveProgress, Pace, PlainProgress, clock, measured
from dcgraph.cli.session import Session
from dcgraph.contracts.events import BatchEnded, Evaluated, Finished, NodeReading, Saved, Started


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch):
    time = Clock()
    monkeypatch.setattr(progress, "monotonic", time)
    return time


def terminal(width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, markup=False)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def batch(step: int, total: int = 100, likelihood: float = -1.5) -> BatchEnded:
    readings = {
        "gmm1": NodeReading(likelihood, -2.0, 0.7, "annealing", 3.0),
        "gmm2": NodeReading(123.456, 120.0, 2.5, "waiting", 3.0),
    }
    return BatchEnded(step, total, step / 50, readings)


STARTED = Started(0, 100, 50, ("gmm1", "gmm2"))


def test_the_pace_is_that_since_the_run_was_resumed(time):
    pace = Pace(batch_size=10)
    assert pace.seconds_left is None
    pace.notify(Started(40, 100, 50, ("gmm1",)))
    assert pace.started
    time.now = 2.0
    pace.notify(batch(60))
    assert pace.rate == 10.0
    assert pace.images_per_second == 100.0
    assert pace.seconds_left == 4.0
    pace.notify(Finished(100, {"gmm1": (3,)}))
    assert pace.idle == {"gmm1": (3,)}


def test_plain_lines_are_few_and_hold_no_control_codes(time):
    console = Console(file=io.StringIO(), width=1000)
    plain = PlainProgress(batch_size=10, console=console)
    plain.notify(STARTED)
    for step in range(1, 101):
        time.now = step * 0.3
        plain.notify(batch(step))
        plain.notify(Saved(step, Path("m.h5")))
    plain.notify(
        Evaluated(100, "test", {"gmm1": {"log_likelihood": -1.5, "auc": 0.9, "other": 1.0}})
    )
    lines = written(console).splitlines()
    assert lines[0] == "training: 100 steps, 2 epochs"
    assert lines[1].startswith("step 34/100, 33 images/s, 0:20 left, gmm1 -1.50 sigma 0.70 ann")
    assert [line.split(",")[0] for line in lines[1:-1]] == [
        "step 34/100",
        "step 50/100",
        "step 84/100",
        "step 100/100",
    ]
    assert lines[-1] == "step 100 test: gmm1 log_likelihood -1.5 auc 0.9"
    assert "\x1b" not in written(console)


def test_a_resumed_run_says_so(time):
    console = Console(file=io.StringIO(), width=1000)
    PlainProgress(batch_size=10, console=console).notify(Started(40, 100, 50, ("gmm1",)))
    assert written(console) == "resuming after step 40: 100 steps, 2 epochs\n"


def test_the_live_display_shows_every_node(time):
    console = terminal()
    live = LiveProgress(batch_size=10, console=console)
    with live.shown():
        live.notify(STARTED)
        time.now = 1.0
        live.notify(batch(20))
        seen = written(console)
    for text in ("step 20/100", "200 images/s", "0:04 left", "gmm1", "123.46", "0.70", "waiting"):
        assert text in seen
    assert written(console).endswith("\x1b[?25h")  # the cursor is back


def test_the_live_display_is_not_drawn_for_every_batch(time):
    console = terminal()
    live = LiveProgress(batch_size=10, console=console)
    with live.shown():
        live.notify(STARTED)
        before = len(written(console))
        for step in range(1, 50):
            time.now = step * 0.001
            live.notify(batch(step))
        assert len(written(console)) == before


def test_of_a_finished_run_only_the_bar_stays(time):
    console = terminal()
    live = LiveProgress(batch_size=10, console=console)
    with live.shown():
        live.notify(STARTED)
        time.now = 1.0
        live.notify(batch(100))
        live.notify(Evaluated(100, "test", {"gmm1": {"auc": 0.9}}))
        before = len(written(console))
    last = written(console)[before:]
    assert "step 100/100" in last
    assert "gmm1" not in last


def test_a_failed_run_leaves_its_last_state_and_the_cursor(time):
    console = terminal()
    live = LiveProgress(batch_size=10, console=console)
    with pytest.raises(RuntimeError), live.shown():
        live.notify(STARTED)
        time.now = 1.0
        live.notify(batch(20))
        raise RuntimeError
    assert "gmm1" in written(console)
    assert written(console).endswith("\x1b[?25h")


@pytest.mark.parametrize("width", [1, 7, 20, 40])
def test_narrow_terminals_survive(time, width):
    console = terminal(width)
    live = LiveProgress(batch_size=10, console=console)
    with live.shown():
        live.notify(STARTED)
        for step in (20, 100):
            time.now = float(step)
            live.notify(batch(step))
    assert written(console)


def test_no_color_means_no_color(time, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    console = terminal()
    live = LiveProgress(batch_size=10, console=console)
    with live.shown():
        live.notify(STARTED)
        time.now = 1.0
        live.notify(batch(20))
    assert "\x1b[3" not in written(console)


def test_a_run_that_was_finished_already_shows_nothing(time):
    console = terminal()
    with LiveProgress(batch_size=10, console=console).shown():
        pass
    assert written(console) == ""


def choose(session: Session) -> type[Pace]:
    with progress.progress(session, 10) as chosen:
        return type(chosen)


def test_the_display_suits_the_stream(monkeypatch):
    assert choose(Session()) is PlainProgress
    assert choose(Session(quiet=True)) is Pace
    session = Session()
    session.__dict__["stderr"] = terminal()
    monkeypatch.setenv("TERM", "xterm")
    assert choose(session) is LiveProgress
    monkeypatch.setenv("TERM", "dumb")
    assert choose(session) is PlainProgress


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-:--"), (0.4, "0:00"), (59.6, "1:00"), (125, "2:05"), (7325, "2:02:05")],
)
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_measured_names_the_main_metrics():
    metrics = {"gmm1": {"auc": 0.98765, "fpr95": 0.1}, "classifier": {"accuracy": 0.5}}
    assert measured(metrics) == "gmm1 auc 0.9877, classifier accuracy 0.5"
