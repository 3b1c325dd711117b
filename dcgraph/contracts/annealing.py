"""What an annealing schedule is: how wide neighbouring components are smoothed, and when."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar

from pydantic import Field

from dcgraph.spec import Spec

NonNegative = Annotated[float, Field(ge=0)]
State = dict[str, float]


class Annealing(Spec):
    """A schedule for sigma, in units of the component grid.

    The state holds at least ``sigma``; ``decay`` is what the schedule makes of the learning rate.
    """

    type: ClassVar[str]
    smooths: ClassVar[bool] = True  # False: the layer needs no torus of components
    reads_loss: ClassVar[bool] = True  # False: `advance` is given NaN, and nobody waits for a GPU

    @abstractmethod
    def init(self, width: float) -> State:
        """Return the state before the first update.

        Parameters
        ----------
        width : float
            The layer's own starting sigma (a mixture of K components: sqrt(2 K) / 4).
        """

    @abstractmethod
    def advance(self, state: State, *, loss: float, progress: float) -> State:
        """Return the state after an update.

        Parameters
        ----------
        loss : float
            Mean of the smoothed loss over the batch, in nats.
        progress : float in [0, 1]
            Fraction of the training that is done, less the node's delay.
        """

    @abstractmethod
    def finished(self, state: State) -> bool:
        """Return whether sigma has reached its floor."""
