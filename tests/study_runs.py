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


def spends(run: Run) -> Outcome:
    """Make the worker useless at the runs of graph "victim": others never end in it."""
    assert run.data_directory is not None
    spent = run.data_directory / "spent"
    if spent.exists() and str(os.getpid()) in spent.read_text().split():
        wait_for_the_end()
    if run.graph != "victim":
        return answer(run)
    with spent.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return Outcome(run, error="the device has failed", spent=True)


def wait_for_the_end() -> None:
    """Wait until the worker is to end; Dask's waits for its runs, the others' are killed."""
    import sys
    import time

    running = True
    while running:
        time.sleep(0.05)
        if "distributed" in sys.modules:
            from distributed import get_worker

            running = get_worker().status.name == "running"


def ruins_the_device(run: Run) -> Outcome:
    """Let the device fail in this process at the runs of graph "victim"."""
    from dcgraph.study.execute import execute

    if run.graph == "victim":
        import cupy
        import numpy as np

        stray = cupy.RawKernel('extern "C" __global__ void stray(int* at) { *at = 1; }', "stray")
        stray((1,), (1,), (np.uintp(8),))
    return execute(run)


def weighs_its_memory(run: Run) -> Outcome:
    """Execute the run; find how many bytes of the device's memory this process still has."""
    import cupy

    from dcgraph.study.execute import execute

    outcome = execute(run)
    if outcome.result is None:
        return outcome
    kept = cupy.get_default_memory_pool().total_bytes()
    return Outcome(run, Result((), {"device": {"kept": kept}}))
