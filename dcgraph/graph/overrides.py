"""``--set node.field=value``: changes to a document before it is checked, like any other value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dcgraph.contracts.layer import Layer, TrainableLayer
from dcgraph.errors import GraphError, Problem
from dcgraph.graph.document import Document, Place, shown
from dcgraph.graph.drafts import node_keys, sampling_type
from dcgraph.graph.faults import Faults
from dcgraph.graph.reader import parse_value
from dcgraph.graph.sections import DEFAULT_OPTIMIZER
from dcgraph.graph.settings import as_mapping, keys_of
from dcgraph.graph.specs import DataSettings, TrainSettings
from dcgraph.plugin.manager import Plugins
from dcgraph.plugin.registry import nearest

FORM = "node.field=value, also with train, data or sampling.node in place of node"


def apply_overrides(overrides: Sequence[str], plugins: Plugins, faults: Faults) -> None:
    """Put values into the document; what cannot be put there becomes a problem.

    A field that the node's layer lacks but its sampling settings have goes into `sampling:`.
    """
    for text in overrides:
        problem = _apply(text, faults.document, plugins)
        if problem is not None:
            faults.found.append(Problem(problem, f"--set {text}"))


def _apply(text: str, document: Document, plugins: Plugins) -> str | None:
    """Apply one override; return what is wrong with it, or None."""
    key, equals, written = text.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not equals or not all(parts):
        return f"expected {FORM}"
    try:
        value = parse_value(written)
    except GraphError as error:
        return f"the value is {error.problem.message}"
    place = _place(parts, document, plugins)
    if isinstance(place, str):
        return place
    return _put(place, value, f"--set {text}", document, plugins)


def _place(parts: list[str], document: Document, plugins: Plugins) -> Place | str:
    """Return the place the parts mean, or what is wrong with them."""
    if parts == ["name"] or (parts[0] in ("train", "data") and len(parts) > 1):
        return tuple(parts)
    if parts[0] == "sampling" and len(parts) > 2:
        return tuple(parts)
    if len(parts) < 2 or parts[0] in ("train", "data", "sampling"):
        return f"expected {FORM}{_section_of(parts)}"
    nodes = document.data.get("nodes")
    nodes = nodes if isinstance(nodes, dict) else {}
    name, field = parts[:2]
    if name not in nodes:
        known = [*nodes, "train", "data", "sampling"]
        return f"unknown node '{name}'{nearest(name, known)} (nodes: {', '.join(list(nodes)[:20])})"
    kind = _kind(nodes[name], plugins)
    if kind is None:
        return ("nodes", *parts)  # the node's own problem comes first
    if field in node_keys(kind):
        return ("nodes", *parts)
    settings = list(sampling_type(kind).model_fields)
    if field in settings:
        return ("sampling", *parts)
    known = [*node_keys(kind), *settings]
    return (
        f"a '{kind.type}' node has no field '{field}'{nearest(field, known)} "
        f"(fields: {', '.join(known)})"
    )


def _section_of(parts: list[str]) -> str:
    """Return in which section a bare key stands, as a question; nothing for what is no key."""
    for section, kind in (("train", TrainSettings), ("data", DataSettings)):
        if len(parts) == 1 and parts[0] in keys_of(kind):
            return f"; did you mean '{section}.{parts[0]}'?"
    return ""


def _kind(given: Any, plugins: Plugins) -> type[Layer] | None:
    name = given.get("type") if isinstance(given, dict) else None
    return plugins.layers[name] if isinstance(name, str) and name in plugins.layers else None


def _put(place: Place, value: Any, origin: str, document: Document, plugins: Plugins) -> str | None:
    """Set a value, making the mappings around it; return what stands in the way, or None."""
    around: dict[str, Any] = document.data
    for depth, part in enumerate(place[:-1], start=1):
        inner = around.get(str(part))
        if inner is None:
            inner = _inherited(place[:depth], document, plugins)
            if depth > 1:  # a whole section is never one override's alone
                document.overrides[place[:depth]] = origin
        inner = as_mapping(inner, "source" if place[:depth] == ("data",) else "type")
        if not isinstance(inner, dict):
            return f"'{part}' is {shown(inner)}, which has no fields"
        around[str(part)] = inner
        around = inner
    around[str(place[-1])] = value
    if place == ("data", "source"):
        _drop_settings_of_old_source(around, document)
    for key in [key for key in document.lines if key[: len(place)] == place]:
        del document.lines[key]
    document.overrides[place] = origin
    return None


def _drop_settings_of_old_source(data: dict[str, Any], document: Document) -> None:
    """Forget what the file says of a source that is no longer read."""
    kept = {"source", *keys_of(DataSettings)}
    for key in list(data):
        if key not in kept and ("data", key) not in document.overrides:
            del data[key]


def _inherited(place: Place, document: Document, plugins: Plugins) -> dict[str, Any]:
    """Return what holds at a place where the document says nothing: optimizers, schedules."""
    if place[-1] not in ("optimizer", "annealing") or len(place) > 3:
        return {}
    train = document.data.get("train")
    train = train if isinstance(train, dict) else {}
    kind = None
    if place[0] == "nodes":
        kind = _kind(document.data["nodes"][place[1]], plugins)
        own = document.data["nodes"][place[1]]
    else:
        own = train
    optimizer = as_mapping(train.get("optimizer")) or {"type": DEFAULT_OPTIMIZER}
    fits = kind is None or _trains(optimizer, kind, plugins)
    if kind is not None and issubclass(kind, TrainableLayer) and not fits:
        optimizer = dict(kind.default_optimizer)
    if place[-1] == "optimizer":
        return dict(optimizer) if isinstance(optimizer, dict) else {}
    named = as_mapping(train.get("annealing"))
    if isinstance(named, dict):
        return dict(named)
    optimizer = as_mapping(own.get("optimizer")) or optimizer
    name = optimizer.get("type") if isinstance(optimizer, dict) else None
    known = isinstance(name, str) and name in plugins.optimizers
    return dict(plugins.optimizers[str(name)].default_annealing) if known else {}


def _trains(optimizer: Any, kind: type[Layer], plugins: Plugins) -> bool:
    name = optimizer.get("type") if isinstance(optimizer, dict) else None
    if not isinstance(name, str) or name not in plugins.optimizers:
        return True
    return issubclass(kind, TrainableLayer) and plugins.optimizers[name].needs in kind.offers
