"""Asking for labels: the control signal that conditional sampling starts from.

A classifier is asked for them; without one, what a graph has learned with labels as a second input
is asked what it makes of a label alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.engine.scheduler import Scheduler
from dcgraph.engine.upward import forward_plan
from dcgraph.errors import InputError, RequestError
from dcgraph.graph.graph import Graph
from dcgraph.graph.scores import scored_node
from dcgraph.inference.density import classifiers
from dcgraph.layers.classifier import Classifier
from dcgraph.signal import Signal


def the_classifier(graph: Graph, node: str | None = None) -> str:
    """Return the classifier that is meant; None is the only one.

    Raises
    ------
    RequestError
        The node is no classifier; or the graph has none, or several and none is named.
    """
    found = classifiers(graph)
    if node is not None:
        if graph[node].name not in found:
            message = (
                f"node '{node}' is no classifier (those are: {', '.join(found) or 'none'}): it "
                "knows no labels"
            )
            raise RequestError(message, node=node)
        return node
    if len(found) == 1:
        return found[0]
    if not found:
        message = f"graph '{graph.name}' has no classifier: it knows no labels"
    else:
        message = f"graph '{graph.name}' has several classifiers ({', '.join(found)}): name one"
    raise RequestError(message)


def checked_labels(labels: int | Iterable[int], n: int) -> NDArray[np.int64]:
    """Return a label for each of n samples: one for all, or n of them.

    Raises
    ------
    InputError
        They are no integers, or neither 1 nor n.
    """
    wanted = np.asarray(list(labels) if isinstance(labels, Iterable) else labels)
    if wanted.dtype.kind not in "iu" or wanted.shape not in ((), (n,)):
        message = (
            f"labels must be one integer or {n} of them, one for each sample; received "
            f"{wanted.dtype} of shape {wanted.shape}"
        )
        raise InputError(message)
    return np.broadcast_to(wanted.astype(np.int64), (n,))


def asked_node(graph: Graph, node: str | None = None) -> str:
    """Return where a walk down by labels starts: the classifier, or a mixture that sees labels.

    Raises
    ------
    RequestError
        There is neither, or no such node.
    """
    if classifiers(graph) or not graph.fed("labels"):
        return the_classifier(graph, node)
    start = scored_node(graph, node)
    if not any(start in graph.descendants(name) for name in graph.fed("labels")):
        message = f"sees no label ({', '.join(graph.fed('labels'))} does not lead to it)"
        raise RequestError(message, node=start)
    return start


def asked_for(
    scheduler: Scheduler, labels: NDArray[np.int64], node: str | None
) -> tuple[str, NDArray[Any]]:
    """Return the node that is asked for labels, and the control signal that does so.

    Raises
    ------
    RequestError
        No node can be asked.
    InputError
        A label is no class.
    """
    graph = scheduler.graph
    name = asked_node(graph, node)
    if not graph[name].is_density:
        return labels_control(graph, labels, node)
    classes = min(graph[other].shape[2] for other in graph.fed("labels"))
    bad = labels[(labels < 0) | (labels >= classes)]
    if bad.size:
        message = f"label {bad[0]} is no class: labels run from 0 to {classes - 1}"
        raise InputError(message, node=name)
    distinct, which = np.unique(labels, return_inverse=True)
    xp, shape = scheduler.ops.xp, (len(distinct), *graph[graph.entry].shape)
    unknown = Signal(xp.zeros(shape, scheduler.dtype), xp.zeros((len(distinct), 1, 1, 1), bool))
    plan = forward_plan(graph, {name: frozenset({"output"})})
    with scheduler.ops.limited():
        output = scheduler.forward(plan, scheduler.feed(unknown, distinct))[name].output
    assert output is not None  # wanted
    return name, scheduler.ops.to_host(output.values)[which]


def labels_control(
    graph: Graph, labels: NDArray[np.int64], node: str | None
) -> tuple[str, NDArray[Any]]:
    """Return the classifier that is meant, and the control signal that asks it for labels.

    Raises
    ------
    RequestError
        There is no such classifier, or it takes no labels on the way down.
    InputError
        A label is no class.
    """
    name = the_classifier(graph, node)
    layer = graph[name].layer
    if not isinstance(layer, Classifier):
        message = f"cannot sample by label from node '{name}': layer '{layer.type}' takes none"
        raise RequestError(message, node=name)
    try:
        wanted: NDArray[Any] = layer.wanted(labels, np.dtype(graph.train.dtype))
    except ValueError as error:
        raise InputError(str(error), node=name) from error
    return name, wanted
