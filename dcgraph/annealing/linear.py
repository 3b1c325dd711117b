"""No smoothing; the learning rate falls linearly with the progress of the training."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from dcgraph.contracts.annealing import Annealing, State


class Linear(Annealing):
    """``decay = 1 - u``, ``u = min(1, progress since the delay / duration)``; for classifiers.

    Attributes
    ----------
    duration : float in (0, 1]
        Fraction of the training the fall takes.
    """

    type: ClassVar[str] = "linear"
    reads_loss: ClassVar[bool] = False
    smooths: ClassVar[bool] = False

    duration: Annotated[float, Field(gt=0, le=1)] = 1.0

    def init(self, width: float) -> State:
        return {"sigma": 0.0, "decay": 1.0}

    def advance(self, state: State, *, loss: float, progress: float) -> State:
        return {**state, "decay": 1.0 - min(1.0, max(0.0, progress) / self.duration)}

    def finished(self, state: State) -> bool:
        return True  # there is no sigma to fall
