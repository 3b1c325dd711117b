"""What an optimizer is: sufficient statistics in, better parameters out. It never sees data."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Params, TrainableLayer
from dcgraph.contracts.varying import Number, Varying
from dcgraph.signal import Shape
from dcgraph.spec import Spec
from dcgraph.state import Arrays, Statistics


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a node stands when it is updated.

    Attributes
    ----------
    updates : int
        Updates the node has made before this one.
    fraction : float in (0, 1]
        Size of this batch over the nominal batch size.
    sigma : float
        Width of the annealing's smoothing.
    decay : float in (0, 1]
        What the annealing schedule makes of the learning rate.

    A `recordable` optimizer may be given a `Varying` in the place of all but the fraction.
    """

    updates: int | Varying
    fraction: float
    sigma: Number
    decay: Number = 1.0


class Optimizer(Spec):
    """A rule that turns statistics into parameters.

    Attributes
    ----------
    needs : str
        What the layer must offer: "gradients" or "maximize".
    default_annealing : mapping
        The schedule of a node that names none.
    recordable : bool
        Whether `step` may be recorded on a device and replayed; see `dcgraph.contracts.varying`.
    """

    type: ClassVar[str]
    needs: ClassVar[str]
    default_annealing: ClassVar[dict[str, object]]
    recordable: ClassVar[bool] = False

    def init(self, ops: Backend, layer: TrainableLayer, params: Params) -> Arrays:
        """Return the arrays carried from update to update."""
        return {}

    def state_shapes(
        self, layer: TrainableLayer, shapes: Sequence[Shape]
    ) -> dict[str, tuple[int, ...]]:
        """Return the shape of every array that `init` returns, for inputs of these shapes."""
        return {}

    @abstractmethod
    def step(
        self,
        ops: Backend,
        layer: TrainableLayer,
        params: Params,
        statistics: Statistics,
        state: Arrays,
        clock: Clock,
    ) -> tuple[Arrays, Arrays]:
        """Return the new parameters and the new state; neither argument is changed."""
