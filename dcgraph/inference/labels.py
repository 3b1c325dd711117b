"""Asking a classifier for labels: the control signal that conditional sampling starts from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import InputError, RequestError
from dcgraph.graph.graph import Graph
from dcgraph.inference.density import classifiers
from dcgraph.layers.classifier import Classifier


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
