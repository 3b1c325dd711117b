"""The built-in annealing schedules."""

from dcgraph.annealing.exponential import Exponential
from dcgraph.annealing.linear import Linear
from dcgraph.annealing.off import Off
from dcgraph.annealing.stationarity import Stationarity
from dcgraph.contracts.annealing import Annealing
from dcgraph.plugin.markers import hookimpl

__all__ = ["Exponential", "Linear", "Off", "Stationarity"]


@hookimpl
def register_annealing() -> list[type[Annealing]]:
    """Return the built-in schedules."""
    return [Exponential, Stationarity, Linear, Off]
