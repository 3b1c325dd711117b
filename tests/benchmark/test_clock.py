"""Timings and the peak of memory."""

from __future__ import annotations

import numpy as np

from dcgraph.benchmark.clock import peak_bytes, time_together


def test_works_take_turns_and_each_has_a_timing():
    order = []

    def work(name, size):
        order.append(name)
        np.ones(size).sum()

    short, long = time_together([lambda: work("a", 10**5), lambda: work("b", 10**7)], 0.0)
    assert short.rounds == long.rounds == 3
    assert 0 < short.cpu < long.cpu
    assert 0 < short.wall < long.wall
    assert order[-1] == "b"
    measured = order[order.index("b") + 2 :]  # both are warmed up first
    assert [
        name for name, last in zip(measured, ["", *measured], strict=False) if name != last
    ] == (["a", "b"] * 3)


def test_the_peak_is_that_of_memory_alive_at_once():
    def one_after_the_other():
        np.ones(2**17)
        np.ones(2**17)

    def together():
        return np.ones(2**17), np.ones(2**17)

    assert 2**20 <= peak_bytes(one_after_the_other) < 1.5 * 2**20
    assert 2**21 <= peak_bytes(together) < 1.25 * 2**21
