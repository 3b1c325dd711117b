"""Whether a graph can learn from a data set at all."""

from __future__ import annotations

from math import floor

from dcgraph.backends.contract import Backend
from dcgraph.data.dataset import Dataset
from dcgraph.errors import BackendError, InputError, RequestError
from dcgraph.graph.estimate import estimate_nodes, in_bytes
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
    if len(graph.fed("images")) != 1:
        message = (
            f"a data source gives one image at a time, but graph '{graph.name}' has the inputs "
            f"{', '.join(graph.fed('images'))}"
        )
        raise RequestError(message)
    if not graph.trainable:
        message = f"graph '{graph.name}' has no node that learns: add a gmm node"
        raise RequestError(message)
    for name in (*classifiers(graph), *graph.fed("labels")):
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


def check_memory(graph: Graph, images: int, ops: Backend) -> None:
    """Refuse a graph that a device with a memory of its own cannot hold.

    Parameters
    ----------
    images : int
        How many there are to learn from: no batch is larger.

    Raises
    ------
    BackendError
    """
    memory = ops.memory
    batch = min(graph.train.batch_size, images)
    costs = estimate_nodes(graph.nodes.values(), graph.train, batch)
    if memory is None or costs.peak_bytes <= memory:
        return
    fitting = floor((memory - costs.fixed_bytes) / costs.image_bytes)
    remedy = "use the numpy backend, or make the graph smaller"
    if fitting >= 1:
        remedy = f"make batches of at most {fitting} (train.batch_size), or use the numpy backend"
    message = (
        f"training takes about {in_bytes(costs.peak_bytes)} of memory in batches of {batch}, and "
        f"the {ops.name} device has {in_bytes(memory)}: {remedy}"
    )
    raise BackendError(message, field="train.batch_size")
