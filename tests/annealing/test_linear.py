"""A learning rate that falls linearly."""

from __future__ import annotations

import pytest

from dcgraph.annealing import Linear


@pytest.mark.parametrize(
    ("progress", "duration", "decay"),
    [(0.0, 1.0, 1.0), (0.25, 1.0, 0.75), (0.25, 0.5, 0.5), (0.5, 0.5, 0.0), (0.9, 0.5, 0.0)],
)
def test_the_rate_falls_with_the_progress(progress, duration, decay):
    schedule = Linear(duration=duration)
    state = schedule.advance(schedule.init(0.0), loss=1.0, progress=progress)
    assert state == {"sigma": 0.0, "decay": pytest.approx(decay)}
    assert schedule.finished(state)  # sigma is where it stays


def test_nothing_is_smoothed_and_nothing_falls_before_the_delay_is_over():
    schedule = Linear()
    assert not schedule.smooths
    assert schedule.advance(schedule.init(3.0), loss=0.0, progress=-0.2)["decay"] == 1
