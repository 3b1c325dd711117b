"""What stands in for executing a run, in workers too: quick, and some of it goes wrong."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from dcgraph.study.run import Outcome, Result, Run


def answer(run: Run) -> Outcome:
    """Find something that depends on the run alone."""
    value = len(run.graph) + run.seed / 10
    return Outcome(run, Result(nodes=("gmm1",), values={"gmm1": {"auc": value}}, seconds=1.0))


def marks(run: Run) -> Path:
    """Return the file in which attempts at a run are counted."""
    assert run.data_directory is not None
    return run.data_directory / run.file_name


def count(run: Run) -> int:
    """Note another attempt; return how many there were."""
    with marks(run).open("a") as file:
        file.write(f"{os.getpid()}\n")
    return len(marks(run).read_text().split())


def killed_once(run: Run) -> Outcome:
    """Kill the worker at the first attempt at the runs of graph "victim"."""
    if count(run) == 1 and run.graph == "victim":
        os.kill(os.getpid(), signal.SIGKILL)
    return answer(run)


def killed_always(run: Run) -> Outcome:
    """Kill the worker at every attempt at the runs of graph "victim"."""
    if count(run) and run.graph == "victim":
        os.kill(os.getpid(), signal.SIGKILL)
    return answer(run)


def fails(run: Run) -> Outcome:
    """Fail at the runs of graph "victim"."""
    if run.graph == "victim":
        return Outcome(run, error="it was to fail")
    return answer(run)


def sleeps(run: Run) -> Outcome:
    """Take for ever."""
    import time

    count(run)
    time.sleep(600)
    return answer(run)
