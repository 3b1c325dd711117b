"""The values of the annealing schedules, update by update."""

from __future__ import annotations

from math import isfinite, sqrt

import pytest
from pydantic import ValidationError

from dcgraph.annealing import Exponential, Off, Stationarity

WIDTH = sqrt(2 * 49) / 4


class TestExponential:
    def test_it_starts_at_the_layers_width_and_ends_at_the_floor(self):
        schedule = Exponential()
        state = schedule.init(WIDTH)
        assert state["sigma"] == WIDTH
        assert not schedule.finished(state)
        for progress in (0.4, 0.41, 1.0):
            state = schedule.advance(state, loss=0.0, progress=progress)
            assert state["sigma"] == 0.01
            assert schedule.finished(state)

    @pytest.mark.parametrize("progress", [0.0, 0.1, 0.2, 0.39])
    def test_it_falls_by_the_formula(self, progress):
        schedule = Exponential(floor=0.5, duration=0.8)
        state = schedule.advance(schedule.init(WIDTH), loss=0.0, progress=progress)
        assert state["sigma"] == pytest.approx(WIDTH * (0.5 / WIDTH) ** (progress / 0.8))

    def test_before_the_delay_is_over_it_stays(self):
        schedule = Exponential()
        state = schedule.advance(schedule.init(WIDTH), loss=0.0, progress=-0.1)
        assert state["sigma"] == WIDTH

    def test_it_depends_on_progress_alone(self):
        schedule = Exponential()
        once = schedule.advance(schedule.init(WIDTH), loss=1.0, progress=0.3)
        often = schedule.init(WIDTH)
        for step in range(31):
            often = schedule.advance(often, loss=-7.0, progress=step / 100)
        assert often["sigma"] == once["sigma"]

    def test_a_start_below_the_floor_is_the_floor(self):
        schedule = Exponential(start=0.1, floor=0.5)
        assert schedule.init(WIDTH)["sigma"] == 0.5
        assert schedule.finished(schedule.init(WIDTH))

    def test_it_leaves_the_learning_rate_alone(self):
        schedule = Exponential()
        state = schedule.advance(schedule.init(WIDTH), loss=0.0, progress=1.0)
        assert state["decay"] == 1.0


class TestStationarity:
    RULE = Stationarity(period=5, gamma=0.5, delta=0.1)

    def run(self, losses, rule=RULE):
        """Return sigma and decay after each loss."""
        state = rule.init(WIDTH)
        seen = []
        for loss in losses:
            state = rule.advance(state, loss=loss, progress=0.5)
            seen.append((state["sigma"] / WIDTH, state["decay"]))
        return seen

    def periods(self, *averages):
        """Return losses of those averages; the fifth of each period is far off."""
        return [loss for mean in averages for loss in (mean - 1, mean + 1, mean, mean, 1e6)]

    def test_nothing_happens_while_the_loss_rises(self):
        assert self.run(self.periods(0, 10, 20, 30))[-1] == (1, 1)

    def test_a_small_gain_lowers_sigma_and_rate(self):
        seen = self.run(self.periods(0, 10, 10.5))
        assert seen[12] == (1, 1)
        assert seen[13] == (0.5, 0.5)  # with the fourth loss of the third period

    def test_gains_are_relative_to_those_before(self):
        # 10 -> 12 is 20 % of the first gain; 100 -> 102 is 2 % of 100
        assert self.run(self.periods(0, 10, 12))[-1] == (1, 1)
        assert self.run(self.periods(0, 100, 102))[-1] == (0.5, 0.5)

    def test_a_small_loss_lowers_a_large_one_does_not(self):
        assert self.run(self.periods(0, 10, 8.5))[-1] == (0.5, 0.5)
        assert self.run(self.periods(0, 10, 7.5))[-1] == (1, 1)

    def test_the_second_check_never_lowers(self):
        assert self.run(self.periods(10, 10))[-1] == (1, 1)

    def test_a_loss_that_never_moves_is_stationary(self):
        assert self.run(self.periods(3, 3, 3, 3))[-1] == (0.25, 0.25)

    def test_sigma_stops_at_its_floor(self):
        rule = Stationarity(period=2, gamma=0.5, floor=0.3)
        state = rule.init(1.0)
        for _ in range(10):
            state = rule.advance(state, loss=0.0, progress=0.0)
        assert state["sigma"] == 0.3
        assert rule.finished(state)

    def test_the_shortest_period(self):
        rule = Stationarity(period=2, gamma=0.5)
        seen = self.run([0, 99, 0, 99, 0], rule)
        assert seen[3] == (1, 1)
        assert seen[4] == (0.5, 0.5)

    def test_the_state_is_not_changed_in_place(self):
        state = self.RULE.init(WIDTH)
        before = dict(state)
        self.RULE.advance(state, loss=1.0, progress=0.0)
        assert {k: v for k, v in state.items() if isfinite(v)} == {
            k: v for k, v in before.items() if isfinite(v)
        }

    def test_states_are_plain_numbers(self):
        state = self.RULE.init(WIDTH)
        for loss in self.periods(0, 10, 10.5):
            state = self.RULE.advance(state, loss=loss, progress=0.0)
        assert all(isinstance(value, float) for value in state.values())


def test_off_smooths_nothing():
    off = Off()
    state = off.advance(off.init(0.0), loss=1.0, progress=1.0)
    assert state == {"sigma": 0.0, "decay": 1.0}
    assert off.finished(state)
    assert not off.smooths


@pytest.mark.parametrize(
    ("schedule", "settings"),
    [
        (Exponential, {"floor": 0.0}),
        (Exponential, {"duration": 0.0}),
        (Exponential, {"duration": 1.1}),
        (Exponential, {"start": -1.0}),
        (Exponential, {"period": 3}),
        (Stationarity, {"period": 1}),
        (Stationarity, {"gamma": 1.0}),
        (Stationarity, {"delta": 0.0}),
        (Off, {"floor": 0.5}),
    ],
)
def test_settings_are_strict(schedule, settings):
    with pytest.raises(ValidationError):
        schedule(**settings)
