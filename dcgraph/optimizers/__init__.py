"""The built-in optimizers."""

from dcgraph.contracts.optimizer import Optimizer
from dcgraph.optimizers.em import StepwiseEM
from dcgraph.optimizers.sgd import GradientAscent
from dcgraph.plugin.markers import hookimpl

__all__ = ["GradientAscent", "StepwiseEM"]


@hookimpl
def register_optimizers() -> list[type[Optimizer]]:
    """Return the built-in optimizers."""
    return [StepwiseEM, GradientAscent]
