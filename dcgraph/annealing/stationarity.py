"""Sigma and the learning rate fall a step whenever the loss has stopped rising."""

from __future__ import annotations

from math import nan
from typing import Annotated, ClassVar

from pydantic import Field

from dcgraph.contracts.annealing import Annealing, NonNegative, State


class Stationarity(Annealing):
    """The published rule.

    Losses are averaged over periods of `period` updates, the last of each left out. From the third
    average on, one that gained less than `delta` of the total gain so far (and lost less than twice
    that) multiplies sigma and the learning rate by `gamma`.

    Attributes
    ----------
    floor : float
        Where sigma stops, in units of the component grid.
    period : int
        Updates from check to check.
    gamma, delta : float
    start : float or None
        None: the layer's own, sqrt(2 K) / 4 for a mixture of K components.
    """

    type: ClassVar[str] = "stationarity"

    floor: Annotated[float, Field(gt=0)] = 0.01
    period: Annotated[int, Field(ge=2)] = 100
    gamma: Annotated[float, Field(gt=0, lt=1)] = 0.9
    delta: Annotated[float, Field(gt=0)] = 0.05
    start: NonNegative | None = None

    def init(self, width: float) -> State:
        start = max(width if self.start is None else self.start, self.floor)
        return {
            "sigma": start,
            "decay": 1.0,
            "seen": 0.0,
            "total": 0.0,
            "checks": 0.0,
            "first": nan,
            "last": nan,
        }

    def advance(self, state: State, *, loss: float, progress: float) -> State:
        seen = state["seen"] + 1
        if seen == self.period:  # the last of each period counts for nothing
            return {**state, "seen": 0.0, "total": 0.0}
        state = {**state, "seen": seen, "total": state["total"] + loss}
        if seen < self.period - 1:
            return state
        average = state["total"] / seen
        checks, previous = state["checks"], state["last"]
        state = {**state, "checks": checks + 1, "last": average}
        if checks == 0:
            return {**state, "first": average}
        if checks == 1:
            return state
        gained = previous - state["first"]
        # A loss that never moved is stationary.
        limit = (average - previous) / gained if gained else 0.0
        if -2 * self.delta < limit < self.delta:
            state["decay"] *= self.gamma
            state["sigma"] = max(self.gamma * state["sigma"], self.floor)
        return state

    def finished(self, state: State) -> bool:
        return state["sigma"] <= self.floor
