"""Sigma falls exponentially with the progress of the training."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from dcgraph.contracts.annealing import Annealing, NonNegative, State


class Exponential(Annealing):
    """``sigma = start * (floor / start)^u``, ``u = min(1, progress since the delay / duration)``.

    Attributes
    ----------
    floor : float
        Where sigma stops, in units of the component grid.
    duration : float in (0, 1]
        Fraction of the training the fall takes.
    start : float or None
        None: the layer's own, sqrt(2 K) / 4 for a mixture of K components.
    """

    type: ClassVar[str] = "exponential"
    reads_loss: ClassVar[bool] = False

    floor: Annotated[float, Field(gt=0)] = 0.01
    duration: Annotated[float, Field(gt=0, le=1)] = 0.4
    start: NonNegative | None = None

    def init(self, width: float) -> State:
        start = max(width if self.start is None else self.start, self.floor)
        return {"sigma": start, "start": start, "decay": 1.0}

    def advance(self, state: State, *, loss: float, progress: float) -> State:
        u = min(1.0, max(0.0, progress) / self.duration)
        start = state["start"]
        return {**state, "sigma": start * (self.floor / start) ** u if u < 1 else self.floor}

    def finished(self, state: State) -> bool:
        return state["sigma"] <= self.floor
