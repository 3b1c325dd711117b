"""Compiles the plans that go down: control (sample) and gradient (sharpen)."""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.contracts.windows import Sharpening
from dcgraph.engine.plan import Control, Gradient, Merge, Observe, Plan, Refine, Step
from dcgraph.errors import RequestError
from dcgraph.graph.graph import CONTROL, FORWARD, Graph


def edge(upper: str, lower: str) -> str:
    """Return the buffer of a control edge."""
    return f"{upper}>{lower}"


def control_plan(graph: Graph, start: str, *, sharpen: Mapping[str, Sharpening] = {}) -> Plan:
    """Return the plan that sends a control signal from `start` down to the inputs.

    Parameters
    ----------
    sharpen : mapping of str to Sharpening
        Replaces the graph's own sharpening settings of nodes.

    Raises
    ------
    RequestError
        There is no such node, no control edges lead from it to an input, or a sharpening target
        is unfit.
    """
    edges = graph.only(CONTROL)
    below = nx.descendants(edges, graph[start].name)
    if graph.entry not in below:
        message = (
            f"cannot sample from node '{start}': no control edges lead from it down to an image "
            f"(nodes that can: {', '.join(sampling_nodes(graph))})"
        )
        raise RequestError(message, node=start)
    reached = {start} | below
    steps: list[Step] = []
    for name in nx.topological_sort(edges):
        if name not in reached:
            continue
        incoming = tuple(edge(u, name) for u in graph.control_sources(name) if u in reached)
        if name == start:
            incoming = (start,)
        elif len(incoming) > 1:
            steps.append(Merge(name, incoming, (name,), frees=incoming))
            incoming = (name,)
        targets = graph.control_targets(name)
        outgoing = tuple(edge(name, lower) for lower in targets)
        if name in graph.inputs:
            steps.append(Control(name, incoming, (name,)))
            continue
        steps.append(Control(name, incoming, outgoing, frees=incoming))
        settings = sharpen.get(name, graph[name].layer.sampling)
        if isinstance(settings, Sharpening) and settings.sharpen:
            steps.append(_refine(graph, name, settings, outgoing))
    return Plan("control", tuple(steps))


def sampling_nodes(graph: Graph) -> list[str]:
    """Return the nodes from which control edges lead down to an image, bottom up."""
    edges = graph.only(CONTROL)
    return [
        name
        for name, node in graph.nodes.items()
        if node.inputs
        and isinstance(node.layer, TrainableLayer)
        and graph.entry in nx.descendants(edges, name)
    ]


def gradient_plan(path: tuple[str, ...]) -> Plan:
    """Return the plan that yields the target's loss and its gradient at the input of the path."""
    buffers = [f"{name}:input" for name in path]
    steps: list[Step] = [
        Observe(name, (here,), (above,))
        for name, here, above in zip(path[:-1], buffers[:-1], buffers[1:], strict=True)
    ]
    target = path[-1]
    steps.append(Observe(target, (buffers[-1],), (f"{target}:gradient",), want=frozenset({"loss"})))
    for name, above in zip(path[-2::-1], path[:0:-1], strict=True):
        steps.append(Gradient(name, (f"{name}:input", f"{above}:gradient"), (f"{name}:gradient",)))
    return Plan("gradient", tuple(steps))


def _refine(graph: Graph, name: str, settings: Sharpening, outgoing: tuple[str, ...]) -> Refine:
    path = sharpening_path(graph, name, settings.target)
    rate = settings.rate
    if rate == "auto":
        rate = _safe_rate(graph, path, settings.weight)
    return Refine(
        name,
        outgoing,
        outgoing,
        path=path,
        iterations=settings.sharpen,
        rate=rate,
        weight=settings.weight,
    )


def sharpening_path(graph: Graph, name: str, target: str | None = None) -> tuple[str, ...]:
    """Return the nodes from `name` up to the target; by default, to the next density node.

    Raises
    ------
    RequestError
        The target is no density node above, or a node on the way has other inputs, too.
    """
    edges = graph.only(FORWARD)
    distance = nx.single_source_shortest_path(edges, graph[name].name)
    above = [other for other in graph.density_nodes if other in distance and other != name]
    if target is None:
        if not above:
            message = f"nothing to sharpen towards: no density node stands above node '{name}'"
            raise RequestError(message, node=name)
        target = min(above, key=lambda other: len(distance[other]))
    elif target not in above:
        message = (
            f"cannot sharpen towards '{target}': it is no density node above "
            f"(those are: {', '.join(above) or 'none'})"
        )
        raise RequestError(message, node=name, field="target")
    path = tuple(distance[target])
    for other in path:
        if len(graph[other].inputs) != 1:
            message = (
                f"cannot sharpen towards '{target}': node '{other}' on the way has "
                f"{len(graph[other].inputs)} inputs, of which only one is known going down"
            )
            raise RequestError(message, node=name, field="target")
    return path


def _safe_rate(graph: Graph, path: tuple[str, ...], weight: float) -> float:
    """Return a rate that cannot overshoot a fixed winner, nor the pull towards the start."""
    target = graph[path[-1]]
    assert isinstance(target.layer, TrainableLayer)  # the path ends at a density node
    coverage = 1
    for name in path[:-1]:
        coverage *= graph[name].layer.coverage(graph[name].input_shapes)
    return 0.5 / (target.layer.curvature() * coverage + 2 * weight)
