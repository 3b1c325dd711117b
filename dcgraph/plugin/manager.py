"""Loads plugins and gathers what they register. Built-ins use the same door, named as strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any

import pluggy

from dcgraph.contracts.annealing import Annealing
from dcgraph.contracts.layer import Layer
from dcgraph.contracts.merge import Merge
from dcgraph.contracts.metric import Metric
from dcgraph.contracts.optimizer import Optimizer
from dcgraph.contracts.source import Source
from dcgraph.errors import PluginError
from dcgraph.plugin import specs
from dcgraph.plugin.markers import PROJECT
from dcgraph.plugin.registry import Registry

BUILT_INS = (
    "dcgraph.layers",
    "dcgraph.optimizers",
    "dcgraph.annealing",
    "dcgraph.merges",
    "dcgraph.sources",
    "dcgraph.metrics",
)


@dataclass
class Plugins:
    """Everything registered, by kind."""

    layers: Registry[type[Layer]] = field(default_factory=lambda: Registry("layer type"))
    optimizers: Registry[type[Optimizer]] = field(default_factory=lambda: Registry("optimizer"))
    annealing: Registry[type[Annealing]] = field(
        default_factory=lambda: Registry("annealing schedule")
    )
    merges: Registry[type[Merge]] = field(default_factory=lambda: Registry("merge"))
    sources: Registry[type[Source]] = field(default_factory=lambda: Registry("data source"))
    metrics: Registry[Metric] = field(default_factory=lambda: Registry("metric"))


def load_plugins(extra: Sequence[Any] = ()) -> Plugins:
    """Return the built-ins and what `extra` plugin objects (modules, instances) register.

    Raises
    ------
    PluginError
        A plugin misspells a hook, clashes with another, or fails while it registers.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(specs)
    for name in BUILT_INS:
        manager.register(import_module(name), name)
    for plugin in extra:
        try:
            manager.register(plugin)
        except (pluggy.PluginValidationError, ValueError) as error:
            message = f"plugin {plugin!r} cannot be registered: {error}"
            raise PluginError(message) from error
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        message = f"a plugin implements a hook that does not exist: {error}"
        raise PluginError(message) from error
    plugins = Plugins()
    for kind in ("layers", "optimizers", "annealing", "merges", "sources", "metrics"):
        _gather(manager, kind, getattr(plugins, kind))
    return plugins


def _gather(manager: pluggy.PluginManager, kind: str, registry: Registry[Any]) -> None:
    hook = getattr(manager.hook, f"register_{kind}")
    for implementation in hook.get_hookimpls():
        owner = implementation.plugin_name
        try:
            items = implementation.function()
        except Exception as error:
            message = f"plugin '{owner}' failed in register_{kind}: {error}"
            raise PluginError(message) from error
        for item in items:
            registry.add(item, owner)


@lru_cache(maxsize=1)
def built_in_plugins() -> Plugins:
    """Return the built-ins alone; loaded once, for they never change."""
    return load_plugins()
