"""Loads plugins and gathers what they register. Built-ins use the same door, named as strings."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any

import pluggy

from dcgraph.contracts.annealing import Annealing
from dcgraph.contracts.events import Observer
from dcgraph.contracts.kernel import Fusion, Kernel
from dcgraph.contracts.layer import Layer
from dcgraph.contracts.merge import Merge
from dcgraph.contracts.metric import Metric
from dcgraph.contracts.optimizer import Optimizer
from dcgraph.contracts.source import Source
from dcgraph.errors import PluginError
from dcgraph.plugin import specs
from dcgraph.plugin.checks import fault
from dcgraph.plugin.markers import PROJECT
from dcgraph.plugin.registry import Registry, nearest

LOGGER = logging.getLogger(__name__)

BUILT_INS = (
    "dcgraph.layers",
    "dcgraph.optimizers",
    "dcgraph.annealing",
    "dcgraph.merges",
    "dcgraph.sources",
    "dcgraph.metrics",
)
BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin and where it comes from.

    Attributes
    ----------
    name : str
        That of its file without ``.py``, of its entry point, or of a built-in module; a graph
        file's `plugins:` calls it so.
    owner : str
        How messages call it: the path of a file, a name otherwise.
    version : str or None
    origin : str
        "built-in", the path of a file, or the name of the package that was installed.
    content : module or object
        Has the hooks.
    """

    name: str
    owner: str
    version: str | None
    origin: str
    content: Any = field(repr=False)


@dataclass
class Plugins:
    """Everything registered, by kind, and who brought it."""

    layers: Registry[type[Layer]] = field(default_factory=lambda: Registry("layer type"))
    optimizers: Registry[type[Optimizer]] = field(default_factory=lambda: Registry("optimizer"))
    annealing: Registry[type[Annealing]] = field(
        default_factory=lambda: Registry("annealing schedule")
    )
    merges: Registry[type[Merge]] = field(default_factory=lambda: Registry("merge"))
    sources: Registry[type[Source]] = field(default_factory=lambda: Registry("data source"))
    metrics: Registry[Metric] = field(default_factory=lambda: Registry("metric"))
    observers: Registry[type[Observer]] = field(default_factory=lambda: Registry("observer"))
    kernels: Registry[Kernel] = field(default_factory=lambda: Registry("kernel"))
    fusions: Registry[Fusion] = field(default_factory=lambda: Registry("fusion"))
    loaded: list[Plugin] = field(default_factory=list)

    def kinds(self) -> dict[str, Registry[Any]]:
        """Return the registries by kind, in the order of the hooks."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Registry)}

    @property
    def additions(self) -> list[Kernel | Fusion]:
        """What a backend is given."""
        return [item for _, item in (*self.kernels.items(), *self.fusions.items())]

    def named(self, name: str) -> Plugin | None:
        """Return the loaded plugin of a name, built-ins aside."""
        found = (p for p in self.loaded if p.name == name and p.origin != BUILT_IN)
        return next(found, None)

    def owners(self, types: Iterator[tuple[str, str]]) -> list[str]:
        """Return the names of the plugins that registered types, built-ins aside.

        Parameters
        ----------
        types : iterator of (kind, name)
            ("layers", "gmm"), ...
        """
        owners = {self.kinds()[kind].owner(name) for kind, name in types}
        return [p.name for p in self.loaded if p.owner in owners and p.origin != BUILT_IN]


def load_plugins(extra: Sequence[Plugin] = ()) -> Plugins:
    """Return the built-ins and what further plugins register.

    Raises
    ------
    PluginError
        A plugin misspells a hook, clashes with another, or fails while it registers.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(specs)
    manager.trace.root.setwriter(lambda text: LOGGER.debug("%s", text.rstrip()))
    if LOGGER.isEnabledFor(logging.DEBUG):
        manager.enable_tracing()
    plugins = Plugins()
    for plugin in (*_built_ins(), *extra):
        _register(manager, plugin, plugins.loaded)
        plugins.loaded.append(plugin)
        LOGGER.debug("loaded plugin '%s' from %s", plugin.name, plugin.origin)
    for kind, registry in plugins.kinds().items():
        for plugin in plugins.loaded:
            for item in _registered(manager, plugin, f"register_{kind}"):
                wrong = fault(kind, item)
                if wrong is not None:
                    message = f"plugin '{plugin.owner}': register_{kind}: {wrong}"
                    raise PluginError(message)
                registry.add(item, plugin.owner)
    return plugins


def _built_ins() -> Iterator[Plugin]:
    from dcgraph import __version__

    for name in BUILT_INS:
        yield Plugin(name, name, __version__, BUILT_IN, import_module(name))


def _register(manager: pluggy.PluginManager, plugin: Plugin, loaded: Sequence[Plugin]) -> None:
    """Hand a plugin to pluggy, which holds its hooks against the specifications."""
    for other in loaded:
        if other.owner == plugin.owner:
            message = (
                f"two plugins are called '{plugin.owner}': one from {other.origin}, one from "
                f"{plugin.origin}; leave one of them out"
            )
            raise PluginError(message)
    if isinstance(plugin.content, type) or not isinstance(plugin.content, Hashable):
        message = (
            f"plugin '{plugin.owner}' must be a module, or an instance that can be hashed, "
            f"received {plugin.content!r}"
        )
        raise PluginError(message)
    try:
        manager.register(plugin.content, plugin.owner)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(_invalid(plugin, error)) from error
    except ValueError as error:  # the very same module is registered already
        message = f"plugin '{plugin.owner}' cannot be registered: {error}"
        raise PluginError(message) from error


def _invalid(plugin: Plugin, error: pluggy.PluginValidationError) -> str:
    known = [name for name in vars(specs) if name.startswith("register_")]
    for name in dir(plugin.content):
        marked = getattr(getattr(plugin.content, name, None), f"{PROJECT}_impl", None)
        if marked is not None and name not in known:
            hint = nearest(name, known) or f" (hooks: {', '.join(known)})"
            return f"plugin '{plugin.owner}' implements a hook that does not exist, '{name}'{hint}"
    return f"plugin '{plugin.owner}' implements a hook wrongly: {' '.join(str(error).split())}"


def _registered(manager: pluggy.PluginManager, plugin: Plugin, hook: str) -> list[Any]:
    """Return what one plugin returns from a hook; nothing where it does not implement it."""
    implementations = getattr(manager.hook, hook).get_hookimpls()
    if not any(each.plugin is plugin.content for each in implementations):
        return []
    others = [other for other in manager.get_plugins() if other is not plugin.content]
    try:
        results = manager.subset_hook_caller(hook, others)()
    except (Exception, SystemExit) as error:
        message = f"plugin '{plugin.owner}' failed in {hook}: {type(error).__name__}: {error}"
        raise PluginError(message) from error
    items: list[Any] = []
    for result in results or [None]:  # pluggy leaves out what is None
        if not isinstance(result, list | tuple):
            message = f"plugin '{plugin.owner}' must return a list from {hook}, received {result!r}"
            raise PluginError(message)
        items.extend(result)
    return items


@lru_cache(maxsize=1)
def built_in_plugins() -> Plugins:
    """Return the built-ins alone; loaded once, for they never change."""
    return load_plugins()
