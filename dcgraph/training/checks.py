"""Whether a graph can learn from a data set at all."""

from __future__ import annotations

from dcgraph.data.dataset import Dataset
from dcgraph.errors import InputError, RequestError
from dcgraph.graph.graph import Graph
from dcgraph.inference.density import classifiers


def check_request(graph: Graph, dataset: Dataset) -> None:
    """Refuse a training that cannot be done, before anything is allocated or written.

    Raises
    ------
    RequestError
        The graph has several inputs, or nothing that learns.
    InputError
        A classifier lacks labels, or has fewer classes than the labels.
    """
    if len(graph.inputs) != 1:
        message = (
            f"a data source gives images alone, but graph '{graph.name}' has the inputs "
            f"{', '.join(graph.inputs)}"
        )
        raise RequestError(message)
    if not graph.trainable:
        message = f"graph '{graph.name}' has no node that learns: add a gmm node"
        raise RequestError(message)
    for name in classifiers(graph):
        labels, classes = dataset.train.labels, graph[name].shape[2]
        if labels is None:
            message = "it is trained on labels, but the data has none: give labels or remove it"
            raise InputError(message, node=name)
        if labels.max() >= classes:
            largest = int(labels.max())
            message = (
                f"training images have the label {largest}, the node's labels run from 0 to "
                f"{classes - 1}: set classes to at least {largest + 1}"
            )
            raise InputError(message, node=name, field="classes")
