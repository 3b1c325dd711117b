"""What is asked of everything a plugin registers, before anyone uses it."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isabstract
from typing import Any

from dcgraph.backends.contract import BACKENDS, KERNELS
from dcgraph.contracts.annealing import Annealing
from dcgraph.contracts.events import Observer
from dcgraph.contracts.kernel import Fusion, Kernel
from dcgraph.contracts.layer import Layer, Sampling, TrainableLayer
from dcgraph.contracts.merge import Merge
from dcgraph.contracts.metric import Metric
from dcgraph.contracts.optimizer import Optimizer
from dcgraph.contracts.source import Source, SourceInfo
from dcgraph.plugin.registry import nearest

RESERVED = frozenset({"type", "optimizer", "annealing", "merge"})
"""Keys of a node that are not its layer's."""
OFFERS = frozenset({"gradients", "maximize"})


def fault(kind: str, item: Any) -> str | None:
    """Return what is wrong with an item of a kind ("layers", ...), or None."""
    if kind in CLASSES:
        base = CLASSES[kind]
        if not isinstance(item, type) or not issubclass(item, base):
            return f"expected a subclass of {base.__name__}, received {item!r}"
        if isabstract(item):
            missing = ", ".join(sorted(getattr(item, "__abstractmethods__", ())))
            return f"class {item.__name__} lacks {missing}"
    elif not isinstance(item, VALUES[kind]):
        return f"expected a {VALUES[kind].__name__}, received {item!r}"
    return FURTHER[kind](item) if kind in FURTHER else None


def _layer(item: type[Layer]) -> str | None:
    keys = {field.alias or name for name, field in item.model_fields.items()}
    if keys & RESERVED:
        return f"class {item.__name__} may not have the field '{min(keys & RESERVED)}'"
    settings = item.model_fields["sampling"].annotation
    if not isinstance(settings, type) or not issubclass(settings, Sampling):
        return f"the field 'sampling' of class {item.__name__} must be a subclass of Sampling"
    if issubclass(item, TrainableLayer) and not item.offers <= OFFERS:
        return f"class {item.__name__} offers {min(item.offers - OFFERS)!r}, expected {_OFFERS}"
    return None


def _optimizer(item: type[Optimizer]) -> str | None:
    if getattr(item, "needs", None) not in OFFERS:
        return f"`needs` of class {item.__name__} must be {_OFFERS}"
    if not isinstance(getattr(item, "default_annealing", None), dict):
        return f"class {item.__name__} needs a mapping `default_annealing`"
    return None


def _source(item: type[Source]) -> str | None:
    if not isinstance(getattr(item, "info", None), SourceInfo):
        return f"class {item.__name__} needs a SourceInfo as `info`"
    return None


def _kernel(item: Kernel) -> str | None:
    if item.backend not in BACKENDS:
        return f"there is no backend '{item.backend}' (known: {', '.join(BACKENDS)})"
    if not item.name.isidentifier() or not callable(item.function):
        return f"kernel '{item.name}' needs an identifier as name, and a callable"
    if item.replaces and item.name not in KERNELS:
        hint = nearest(item.name, list(KERNELS)) or f" (those are {', '.join(KERNELS)})"
        return f"backends have no function '{item.name}' to replace{hint}"
    if not item.replaces and item.name in KERNELS:
        return f"backends have a function '{item.name}': rename the kernel, or say replaces=True"
    return None


def _fusion(item: Fusion) -> str | None:
    if item.backend not in BACKENDS:
        return f"there is no backend '{item.backend}' (known: {', '.join(BACKENDS)})"
    named = isinstance(item.pattern, tuple) and all(isinstance(each, str) for each in item.pattern)
    if not named or len(item.pattern) < 2 or not callable(item.function):
        return f"a fusion needs a tuple of at least two node types, and a callable: {item.pattern}"
    return None


_OFFERS = " or ".join(repr(name) for name in sorted(OFFERS))
CLASSES: dict[str, type[Any]] = {
    "layers": Layer,
    "optimizers": Optimizer,
    "annealing": Annealing,
    "merges": Merge,
    "sources": Source,
    "observers": Observer,
}
VALUES: dict[str, type[Any]] = {"metrics": Metric, "kernels": Kernel, "fusions": Fusion}
FURTHER: dict[str, Callable[[Any], str | None]] = {
    "layers": _layer,
    "optimizers": _optimizer,
    "sources": _source,
    "kernels": _kernel,
    "fusions": _fusion,
}
