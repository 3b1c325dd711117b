"""Stepwise expectation-maximization: a running mean of statistics, then the M-step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dcgraph.backends.contract import Backend
from dcgraph.backends.pieces import pieces
from dcgraph.contracts.layer import Params, TrainableLayer
from dcgraph.contracts.optimizer import Clock, Optimizer
from dcgraph.contracts.varying import derived
from dcgraph.signal import Array, Shape
from dcgraph.state import Arrays, Statistics


class StepwiseEM(Optimizer):
    """EM on mini-batches (Cappe and Moulines, 2009; Liang and Klein, 2009).

    ``S <- (1 - rho) S + rho S_batch / count`` with ``rho = max(rho_min, (t + t0)^-power)``, t being
    the number of updates the node has made.

    Attributes
    ----------
    rho_min : float in (0, 1]
        Smallest weight of a batch: about the inverse of how many batches are remembered.
    t0 : float
        Delays the decay of the weight.
    power : float in (0.5, 1]
    """

    type: ClassVar[str] = "em"
    needs: ClassVar[str] = "maximize"
    default_annealing: ClassVar[dict[str, Any]] = {"type": "exponential"}
    recordable: ClassVar[bool] = True

    rho_min: Annotated[float, Field(gt=0, le=1)] = 0.02
    t0: Annotated[float, Field(ge=1)] = 10.0
    power: Annotated[float, Field(gt=0.5, le=1)] = 0.6

    def init(self, ops: Backend, layer: TrainableLayer, params: Params) -> Arrays:
        return dict(layer.expected_statistics(ops, params).sums)

    def state_shapes(
        self, layer: TrainableLayer, shapes: Sequence[Shape]
    ) -> dict[str, tuple[int, ...]]:
        return layer.statistics_shapes(shapes)

    def step(
        self,
        ops: Backend,
        layer: TrainableLayer,
        params: Params,
        statistics: Statistics,
        state: Arrays,
        clock: Clock,
    ) -> tuple[Arrays, Arrays]:
        schedule = (self.rho_min, self.t0, self.power, clock.fraction)
        kept, added = (
            derived(ops, clock.updates, function, *schedule, dtype=_dtype(state))
            for function in (_kept, _added)
        )
        state = _running_mean(ops, state, statistics, kept, added)
        return layer.maximize(ops, params, Statistics(state, 1), sigma=clock.sigma), state


def _added(rho_min: float, t0: float, power: float, fraction: float, updates: float) -> float:
    """Return the weight of a batch after so many updates."""
    rho: float = max(rho_min, (updates + t0) ** -power)
    return rho if fraction == 1 else 1 - (1 - rho) ** fraction


def _kept(rho_min: float, t0: float, power: float, fraction: float, updates: float) -> float:
    """Return the weight of all batches before."""
    return 1 - _added(rho_min, t0, power, fraction, updates)


def _dtype(state: Arrays) -> Any:
    return next(iter(state.values())).dtype


def _running_mean(
    ops: Backend, state: Arrays, statistics: Statistics, kept: Any, added: Any
) -> Arrays:
    """Return ``kept * running + added / count * batch`` of every sum."""
    added = added / statistics.count
    fast = ops.kernels.get("running_mean")
    if fast is not None:
        means: Arrays = fast(state, statistics.sums, kept, added)
        return means
    return {
        name: _mean(ops.xp, running, statistics.sums[name], kept, added)
        for name, running in state.items()
    }


def _mean(xp: Any, running: Array, batch: Array, kept: Any, added: Any) -> Array:
    """Return ``kept * running + added * batch``, of the dtype of `running`."""
    mean = xp.empty_like(running)
    for piece in pieces(xp, running):
        part = xp.multiply(running[piece], kept, out=mean[piece])
        part += added * batch[piece]
    return mean
