"""No smoothing at all; any number of components will do."""

from __future__ import annotations

from typing import ClassVar

from dcgraph.contracts.annealing import Annealing, State


class Off(Annealing):
    """Components learn on their own from the start."""

    type: ClassVar[str] = "off"
    reads_loss: ClassVar[bool] = False
    smooths: ClassVar[bool] = False

    def init(self, width: float) -> State:
        return {"sigma": 0.0, "decay": 1.0}

    def advance(self, state: State, *, loss: float, progress: float) -> State:
        return state

    def finished(self, state: State) -> bool:
        return True
