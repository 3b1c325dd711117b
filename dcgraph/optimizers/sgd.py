"""Stochastic gradient ascent with the paper's constants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Params, TrainableLayer
from dcgraph.contracts.optimizer import Clock, Optimizer
from dcgraph.contracts.varying import derived
from dcgraph.state import Arrays, Statistics

Factor = Annotated[float, Field(ge=0)]


class GradientAscent(Optimizer):
    """Plain gradient ascent on the node's own loss.

    ``p <- p + max(rate * decay, rate_floor) * factor_p * (gradient_p - weight_decay * p)``; the
    annealing schedule says how far the rate has decayed.

    Attributes
    ----------
    rate, rate_floor : float
        Learning rate at the start, and below which it never falls.
    factors : mapping of str to float
        Multiplies the rate of a parameter by its name; 1 for those not named.
    weight_decay : float
        Pulls parameters to 0 that the layer says may be pulled (a classifier's weights; none of a
        mixture): the gradient of ``-weight_decay / 2 * |p|^2``.
    """

    type: ClassVar[str] = "sgd"
    needs: ClassVar[str] = "gradients"
    default_annealing: ClassVar[dict[str, Any]] = {"type": "stationarity"}
    recordable: ClassVar[bool] = True

    rate: Annotated[float, Field(gt=0)] = 0.011
    rate_floor: Annotated[float, Field(ge=0)] = 0.01
    factors: Mapping[str, Factor] = {"precision_sqrt": 0.1, "weight_logits": 0.2}
    weight_decay: Annotated[float, Field(ge=0)] = 0.0

    def step(
        self,
        ops: Backend,
        layer: TrainableLayer,
        params: Params,
        statistics: Statistics,
        state: Arrays,
        clock: Clock,
    ) -> tuple[Arrays, Arrays]:
        dtype = next(iter(params.values())).dtype
        rate = derived(ops, clock.decay, _rate, self.rate, self.rate_floor, dtype=dtype)
        ascent = layer.gradients(ops, params, statistics, sigma=clock.sigma)
        if self.weight_decay:
            pulled = layer.decaying & ascent.keys()
            ascent |= {name: ascent[name] - self.weight_decay * params[name] for name in pulled}
        moved = {
            name: params[name] + rate * self.factors.get(name, 1.0) * gradient
            for name, gradient in ascent.items()
        }
        return {**params, **moved}, state


def _rate(rate: float, floor: float, decay: float) -> float:
    """Return the learning rate after so much decay."""
    return max(rate * decay, floor)
