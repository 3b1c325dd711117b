"""Sampling settings of a trained graph: replaced in a copy, never in the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.contracts.windows import Sharpening
from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph
from dcgraph.plugin.registry import nearest


def configured(graph: Graph, settings: Mapping[str, Any], *, sharpen: int = 0) -> Graph:
    """Return the graph with settings for all nodes that have them.

    Parameters
    ----------
    settings : mapping
        ``top``, ``power``, ... go to every gmm node, ``confidence`` to every classifier, ``rate``,
        ``weight`` and ``target`` to every node that is sharpened.
    sharpen : int
        Iterations at every folding and pooling node that has a density node above; 0 leaves what
        the graph says.

    Raises
    ------
    RequestError
        No node has such a setting, or the value is none it can have.
    """
    if sharpen < 0:
        message = f"cannot sharpen {sharpen} times: the number of iterations must be at least 0"
        raise RequestError(message, field="sharpen")
    takers = _takers(graph)
    if sharpen:
        settings = {**settings, "sharpen": sharpen}
    unknown = [name for name in settings if not any(name in known for known in takers.values())]
    if unknown:
        everything = sorted({name for known in takers.values() for name in known})
        message = (
            f"no node of graph '{graph.name}' has a sampling setting '{unknown[0]}'"
            f"{nearest(unknown[0], everything)} (known: {', '.join(everything)})"
        )
        raise RequestError(message, field=unknown[0])
    for node, known in takers.items():
        chosen = {name: value for name, value in settings.items() if name in known}
        if chosen:
            graph = with_sampling(graph, chosen, node)
    return graph


def _takers(graph: Graph) -> dict[str, list[str]]:
    """Return the names of the settings that each node takes when they are meant for all."""
    found = {}
    for name, node in graph.nodes.items():
        sharpens = isinstance(node.layer.sampling, Sharpening)
        above = graph.descendants(name) & set(graph.density_nodes)
        if isinstance(node.layer, TrainableLayer) or (sharpens and above):
            found[name] = list(type(node.layer.sampling).model_fields)
    return found


def with_sampling(graph: Graph, settings: Mapping[str, Any], node: str) -> Graph:
    """Return the graph with sampling settings of one node replaced.

    Raises
    ------
    RequestError
        The node's layer has no such setting, or the value is none it can have.
    """
    layer = graph[node].layer
    known = type(layer.sampling).model_fields
    for name in settings:
        if name not in known:
            message = (
                f"node '{node}' has no sampling setting '{name}'{nearest(name, list(known))} "
                f"(known: {', '.join(known) or 'none'})"
            )
            raise RequestError(message, node=node, field=name)
    try:
        sampling = type(layer.sampling)(**{**layer.sampling.model_dump(), **settings})
        changed = layer.model_copy(update={"sampling": sampling})
        changed.output_shape(graph[node].input_shapes)  # an index of a component that is not there
    except ValidationError as error:
        first = error.errors()[0]
        message = f"{first['msg'].lower()}, received {first['input']!r}"
        raise RequestError(message, node=node, field=str(first["loc"][0])) from error
    except ValueError as error:
        raise RequestError(str(error), node=node) from error
    return replace(graph, nodes={**graph.nodes, node: replace(graph[node], layer=changed)})
