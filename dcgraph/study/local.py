"""Runs on this machine: each worker is a process; one that dies takes nothing else with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker

from dcgraph.study.execute import execute
from dcgraph.study.run import Outcome, Run

ATTEMPTS = 3  # at a run whose worker dies
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
Execute = Callable[[Run], Outcome]


def default_workers() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def on_this_machine(
    runs: Sequence[Run], workers: int, function: Execute = execute
) -> Generator[Outcome]:
    """Yield how runs ended, in the order they end.

    A run whose worker is killed is done again by a new one, at most three times in all. A worker
    whose device has failed makes place for a new one. Workers end when the iterator is closed, or
    when this process does.

    Parameters
    ----------
    workers : int
        Processes.
    function : callable
        What executes a run.
    """
    waiting = list(reversed(runs))
    slots = [_Slot() for _ in range(min(workers, len(runs)))]
    busy: dict[Future[Outcome], tuple[_Slot, Run, int]] = {}
    try:
        for slot in slots:
            run = waiting.pop()
            busy[slot.submit(function, run)] = (slot, run, 1)
        while busy:
            done, _ = wait(busy, return_when=FIRST_COMPLETED)
            for future in done:
                slot, run, attempt = busy.pop(future)
                try:
                    outcome = future.result()
                    if outcome.spent:
                        slot.kill()
                        slot.replace()
                    yield outcome
                except BrokenProcessPool:
                    slot.replace()
                    if attempt < ATTEMPTS:
                        busy[slot.submit(function, run)] = (slot, run, attempt + 1)
                        continue
                    yield Outcome(run, error=_killed())
                if waiting:
                    run = waiting.pop()
                    busy[slot.submit(function, run)] = (slot, run, 1)
    finally:
        for slot in slots:
            slot.kill()


def _killed() -> str:
    return (
        f"its worker process was killed {ATTEMPTS} times, perhaps for lack of memory: "
        "use fewer --workers"
    )


class _Slot:
    """A place for one worker process: a pool of its own, so that its death concerns no other."""

    def __init__(self) -> None:
        self.replace()

    def replace(self) -> None:
        """Start anew."""
        # spawned, not forked: threads of libraries do not survive a fork
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(1, mp_context=context, initializer=_begin)
        with deaf_to_ctrl_c():
            self.process = self.pool.submit(os.getpid)

    def submit(self, function: Execute, run: Run) -> Future[Outcome]:
        try:
            return self.pool.submit(function, run)
        except BrokenProcessPool:  # killed between two runs
            self.replace()
            return self.pool.submit(function, run)

    def kill(self) -> None:
        """End the worker at once, whatever it is doing."""
        with suppress(BrokenProcessPool, ProcessLookupError):  # it is gone
            os.kill(self.process.result(), KILL)
        self.pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Let processes begin that Ctrl-C never reaches; here it waits until they have begun."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # whose start, below, would undo what follows
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """Prepare a worker: Ctrl-C is the parent's to answer, and no worker outlives its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None  # this is a worker

    def leave_with_parent() -> None:
        parent.join()
        os.kill(os.getpid(), KILL)

    threading.Thread(target=leave_with_parent, daemon=True).start()
