"""The hooks a plugin may implement.

Each takes nothing and returns a list; the built-in layers, optimizers, schedules, sources and
metrics come in by the same hooks.
"""

from __future__ import annotations

from dcgraph.contracts.annealing import Annealing
from dcgraph.contracts.events import Observer
from dcgraph.contracts.kernel import Fusion, Kernel
from dcgraph.contracts.layer import Layer
from dcgraph.contracts.merge import Merge
from dcgraph.contracts.metric import Metric
from dcgraph.contracts.optimizer import Optimizer
from dcgraph.contracts.source import Source
from dcgraph.plugin.markers import hookspec


@hookspec
def register_layers() -> list[type[Layer]]:  # type: ignore[empty-body]
    """Return layer classes; their `type` is what graph files call them."""


@hookspec
def register_optimizers() -> list[type[Optimizer]]:  # type: ignore[empty-body]
    """Return optimizer classes."""


@hookspec
def register_annealing() -> list[type[Annealing]]:  # type: ignore[empty-body]
    """Return annealing schedules."""


@hookspec
def register_merges() -> list[type[Merge]]:  # type: ignore[empty-body]
    """Return merges: rules for control signals that meet."""


@hookspec
def register_sources() -> list[type[Source]]:  # type: ignore[empty-body]
    """Return data sources."""


@hookspec
def register_metrics() -> list[Metric]:  # type: ignore[empty-body]
    """Return metrics: pure functions of scores and labels."""


@hookspec
def register_observers() -> list[type[Observer]]:  # type: ignore[empty-body]
    """Return observers; one of each, made without arguments, hears every run."""


@hookspec
def register_kernels() -> list[Kernel]:  # type: ignore[empty-body]
    """Return functions for a backend, new ones or better ones."""


@hookspec
def register_fusions() -> list[Fusion]:  # type: ignore[empty-body]
    """Return functions that observe several nodes in a row in one go."""
