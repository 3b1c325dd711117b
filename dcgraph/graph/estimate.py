"""What a graph will cost: parameters, memory and arithmetic, before anything is allocated."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

import numpy as np

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.graph.graph import Graph, Node
from dcgraph.graph.specs import DataSpec, TrainSpec
from dcgraph.signal import Shape

# Of what a node learns there are the parameters, the statistics of a batch, the optimizer's own
# running statistics, and the parameters that an update is about to put in place.
LEARNING_COPIES = 4
SMOOTHING_BYTES = 16  # of each entry of a K x K smoothing matrix: float64, and a copy for use


@dataclass(frozen=True, slots=True)
class NodeEstimate:
    """What one node costs.

    Attributes
    ----------
    name, type : str
    shape : (h, w, c)
    parameters : int
        Numbers it learns or keeps.
    activities : int
        Numbers in its output for one image.
    fixed_bytes : float
        Memory it needs whatever the batch: parameters, statistics, smoothing matrix.
    output_bytes : float
        Memory of its output for one image.
    working_bytes : float
        Memory it needs for one image while it works.
    flops : float
        Multiplications and additions of one training step, for one image.
    """

    name: str
    type: str
    shape: Shape
    parameters: int
    activities: int
    fixed_bytes: float
    output_bytes: float
    working_bytes: float
    flops: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a graph costs.

    Attributes
    ----------
    parameters : int
    fixed_bytes : float
        Memory that all nodes need whatever the batch.
    image_bytes : float
        Memory that each image of a batch adds.
    peak_bytes : float
        Memory while training, images and program aside: all parameters with what updating them
        takes, the outputs of all nodes for one batch, and the most that one node needs to work.
    flops_per_image, flops_per_step : float
        Of training on one image, and on one batch.
    nodes : tuple of NodeEstimate
        Bottom up.
    """

    parameters: int
    fixed_bytes: float
    image_bytes: float
    peak_bytes: float
    flops_per_image: float
    flops_per_step: float
    nodes: tuple[NodeEstimate, ...]


def estimate(graph: Graph) -> Estimate:
    """Return what a graph costs to train."""
    return estimate_nodes(graph.nodes.values(), graph.train, batch_size(graph.train, graph.data))


def batch_size(train: TrainSpec, data: DataSpec | None) -> int:
    """Return how many images a batch can have at most."""
    limit = None if data is None else data.limit
    return train.batch_size if limit is None else min(train.batch_size, limit)


def estimate_nodes(nodes: Iterable[Node], train: TrainSpec, batch: int) -> Estimate:
    """Return what nodes cost to train together."""
    itemsize = np.dtype(train.dtype).itemsize
    rows = tuple(_estimate_node(node, itemsize) for node in nodes)
    flops = sum(row.flops for row in rows)
    fixed = sum(row.fixed_bytes for row in rows)
    working = max((row.working_bytes for row in rows), default=0.0)
    an_image = sum(row.output_bytes for row in rows) + working
    return Estimate(
        parameters=sum(row.parameters for row in rows),
        fixed_bytes=fixed,
        image_bytes=an_image,
        peak_bytes=fixed + an_image * batch,
        flops_per_image=flops,
        flops_per_step=flops * batch,
        nodes=rows,
    )


def _estimate_node(node: Node, itemsize: int) -> NodeEstimate:
    layer = node.layer
    parameters = sum(prod(s) for s in layer.parameter_shapes(node.input_shapes).values())
    learns = node.optimizer is not None
    fixed = float(parameters) * itemsize * (LEARNING_COPIES if learns else 1)
    if node.annealing is not None and node.annealing.smooths and isinstance(layer, TrainableLayer):
        fixed += float(node.shape[2]) ** 2 * SMOOTHING_BYTES
    activities = prod(node.shape)
    cost = layer.cost(node.input_shapes)
    return NodeEstimate(
        name=node.name,
        type=layer.type,
        shape=node.shape,
        parameters=parameters,
        activities=activities,
        fixed_bytes=fixed,
        output_bytes=float(activities) * itemsize,
        working_bytes=cost.elements * itemsize,
        flops=cost.flops,
    )


def machine_memory() -> int | None:
    """Return the bytes of memory this machine has, None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def in_bytes(number: float) -> str:
    """Return a number of bytes as people read it."""
    if number >= 1024**7:
        return "more than 1024 EiB"
    units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    while number >= 1024:
        number /= 1024
        units.pop(0)
    digits = 1 if number < 10 and len(units) < 7 else 0
    return f"{number:.{digits}f} {units[0]}"
