"""Walking down: samples, variants of images, completions of images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.engine.downward import control_plan, sampling_nodes
from dcgraph.engine.plan import Plan
from dcgraph.engine.scheduler import Descent, Scheduler
from dcgraph.engine.upward import forward_plan
from dcgraph.errors import InputError, RequestError
from dcgraph.graph.graph import Graph
from dcgraph.layers.classifier import Classifier
from dcgraph.signal import Signal

BATCH = 100


def sampling_start(graph: Graph, node: str | None) -> str:
    """Return the node a walk down starts from; None is the topmost density node."""
    return graph[node].name if node is not None else graph.topmost()


def samples(
    scheduler: Scheduler,
    n: int,
    *,
    node: str | None = None,
    control: NDArray[Any] | None = None,
    seed: int = 0,
) -> Iterator[NDArray[Any]]:
    """Yield samples of shape (at most 100, h, w, c), n in all.

    Parameters
    ----------
    node : str or None
        Where the walk starts; None is the topmost density node.
    control : array of shape (n, h, w, c) or None
        Control signal of that node; None: its components are drawn from its prior.
    """
    if n < 1:
        message = f"cannot draw {n} samples: ask for at least 1"
        raise InputError(message)
    start = sampling_start(scheduler.graph, node)
    expected = (n, *scheduler.graph[start].shape)
    if control is not None and np.shape(control) != expected:
        message = (
            f"the control signal of node '{start}' must be {expected}, not {np.shape(control)}"
        )
        raise InputError(message, node=start)
    plan = control_plan(scheduler.graph, start)
    for first in range(0, n, BATCH):
        count = min(BATCH, n - first)
        signal = None
        if control is not None:
            signal = scheduler.signal(control[first : first + count])
        yield descend(scheduler, plan, Descent(seed, "sample", first, count, signal))


def descend(scheduler: Scheduler, plan: Plan, descent: Descent) -> NDArray[Any]:
    """Return what arrives at the input, (n, h, w, c) on the host."""
    with scheduler.ops.limited():
        (arrived,) = scheduler.control(plan, descent).values()
    return scheduler.ops.to_host(arrived.values)


def labels_control(graph: Graph, labels: NDArray[np.int64], node: str | None) -> tuple[str, Any]:
    """Return the classifier that is meant, and the control signal that asks it for labels.

    Raises
    ------
    RequestError
        The graph has no classifier, or several and none is named.
    InputError
        A label is no class.
    """
    found = [name for name, each in graph.nodes.items() if isinstance(each.layer, Classifier)]
    if node is None and len(found) != 1:
        message = (
            f"sampling by label needs a classifier: graph '{graph.name}' has "
            f"{', '.join(found) if found else 'none'}" + ("; name one by `node`" if found else "")
        )
        raise RequestError(message)
    name = node or found[0]
    layer = graph[name].layer
    if not isinstance(layer, Classifier):
        message = f"cannot sample by label from node '{name}': it is no classifier"
        raise RequestError(message, node=name)
    try:
        return name, layer.wanted(labels, np.dtype(graph.train.dtype))
    except ValueError as error:
        raise InputError(str(error), node=name) from error


def variants(
    scheduler: Scheduler, signals: Iterator[Signal], node: str, *, seed: int, purpose: str
) -> Iterator[NDArray[Any]]:
    """Yield images that `node` takes for the same: its activity is its control signal.

    Parameters
    ----------
    signals : iterator of Signal
        Images, batch by batch.
    purpose : str
        Names the random streams.
    """
    graph = scheduler.graph
    if not isinstance(graph[node].layer, TrainableLayer) or node not in sampling_nodes(graph):
        message = (
            f"cannot make variants from node '{node}' (nodes that can: "
            f"{', '.join(sampling_nodes(graph))})"
        )
        raise RequestError(message, node=node)
    upward = forward_plan(graph, {node: frozenset({"output"})})
    downward = control_plan(graph, node)
    (entry,) = graph.inputs
    first = 0
    for signal in signals:
        with scheduler.ops.limited():
            output = scheduler.forward(upward, {entry: signal})[node].output
        assert output is not None  # wanted
        # Where nothing is known the activity is the prior: something to draw from all the same.
        count = signal.shape[0]
        descent = Descent(seed, purpose, first, count, Signal(output.values))
        yield descend(scheduler, downward, descent)
        first += count


def with_sampling(graph: Graph, settings: Mapping[str, Any], node: str) -> Graph:
    """Return the graph with sampling settings of one node replaced.

    Raises
    ------
    RequestError
        The node's layer has no such setting.
    """
    from dataclasses import replace

    from pydantic import ValidationError

    from dcgraph.plugin.registry import nearest

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
    except ValidationError as error:
        first = error.errors()[0]
        message = f"{first['msg'].lower()}, received {first['input']!r}"
        raise RequestError(message, node=node, field=str(first["loc"][0])) from error
    changed = replace(graph[node], layer=layer.model_copy(update={"sampling": sampling}))
    return replace(graph, nodes={**graph.nodes, node: changed})
