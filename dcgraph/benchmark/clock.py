"""How long a piece of work takes, and how much memory it needs beside what was there before."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from time import perf_counter, process_time

ROUNDS = (3, 100)  # fewest, most
TURN = 0.02  # seconds: what takes less is done several times in a row, as it is in a run


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians over the rounds of a piece of work.

    Attributes
    ----------
    cpu : float
        Processor seconds of all threads of the process.
    wall : float
        Seconds that went by.
    rounds : int
    """

    cpu: float
    wall: float
    rounds: int


def time_together(works: Sequence[Callable[[], object]], seconds: float) -> list[Timing]:
    """Return the timing of each of several pieces of work.

    They take turns, so that what else the machine does slows all of them alike and ratios hold.

    Parameters
    ----------
    seconds : float
        How long to go on, at least three rounds and at most a hundred; a first round, which warms
        caches up, does not count.
    """
    times = [_times(work) for work in works]
    cpu: list[list[float]] = [[] for _ in works]
    wall: list[list[float]] = [[] for _ in works]
    fewest, most = ROUNDS
    end = perf_counter() + seconds
    rounds = 0
    while rounds < fewest or (rounds < most and perf_counter() < end):
        for index, work in enumerate(works):
            began, spent = perf_counter(), process_time()
            for _ in range(times[index]):
                work()
            cpu[index].append((process_time() - spent) / times[index])
            wall[index].append((perf_counter() - began) / times[index])
        rounds += 1
    return [
        Timing(median(spent), median(passed), rounds)
        for spent, passed in zip(cpu, wall, strict=True)
    ]


def _times(work: Callable[[], object]) -> int:
    """Return how often work is done in a turn; does it, for the first time."""
    work()
    spent = process_time()
    work()
    return max(1, ceil(TURN / max(process_time() - spent, 1e-6)))


def peak_bytes(work: Callable[[], object]) -> int:
    """Return the most memory a piece of work allocates at one time, as Python and NumPy tell it."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
