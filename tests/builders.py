"""Small graphs and random parameters, made by hand: no file, no data source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from dcgraph.annealing import Exponential, Off
from dcgraph.backends.numpy.backend import NumpyBackend
from dcgraph.contracts.annealing import Annealing
from dcgraph.contracts.layer import Layer, TrainableLayer
from dcgraph.contracts.merge import Merge
from dcgraph.contracts.optimizer import Optimizer
from dcgraph.engine.scheduler import Scheduler
from dcgraph.graph.graph import CONTROL, FORWARD, Graph, Node
from dcgraph.graph.specs import TrainSpec
from dcgraph.layers import Input
from dcgraph.optimizers import GradientAscent, StepwiseEM
from dcgraph.rng import stream
from dcgraph.signal import Array, Shape
from dcgraph.state import NodeState

Parts = Mapping[str, tuple[Layer, Sequence[str]]]


def graph_of(
    parts: Parts,
    *,
    control: Sequence[tuple[str, str]] | None = None,
    optimizer: Optimizer | Mapping[str, Optimizer] | None = None,
    annealing: Annealing | None = None,
    merges: Mapping[str, Merge] | None = None,
    dtype: str = "float64",
) -> Graph:
    """Return a graph of layers, each with the names of its inputs, given bottom up.

    `control` defaults to the reverse of all forward edges.
    """
    by_name = optimizer if isinstance(optimizer, Mapping) else {}
    common = optimizer if isinstance(optimizer, Optimizer) else StepwiseEM()
    nodes: dict[str, Node] = {}
    edges = nx.MultiDiGraph()
    for name, (layer, inputs) in parts.items():
        shapes = tuple(nodes[source].shape for source in inputs)
        node = Node(name, layer, tuple(inputs), shapes, layer.output_shape(shapes))
        node = replace(node, merge=(merges or {}).get(name))
        if isinstance(layer, TrainableLayer) and layer.trainable:
            smooths = "maximize" in layer.offers  # the mixtures
            rule = by_name.get(name, common if smooths else GradientAscent(factors={}))
            schedule = (annealing or Exponential()) if smooths else Off()
            node = replace(node, optimizer=rule, annealing=schedule)
        nodes[name] = node
        edges.add_node(name)
        for position, source in enumerate(inputs):
            edges.add_edge(source, name, key=FORWARD, position=position)
    if control is None:
        control = [(name, source) for name, (_, inputs) in parts.items() for source in inputs]
    for upper, lower in control:
        edges.add_edge(upper, lower, key=CONTROL)
    return Graph("test", nodes, edges, TrainSpec(optimizer=common, dtype=dtype))


def chain_of(shape: Shape, layers: Mapping[str, Layer], **options: Any) -> Graph:
    """Return a graph of one chain, from a node "image" up."""
    parts: dict[str, tuple[Layer, Sequence[str]]] = {"image": (Input(shape=shape), ())}
    below = "image"
    for name, layer in layers.items():
        parts[name] = (layer, (below,))
        below = name
    return graph_of(parts, **options)


def scheduler_of(graph: Graph, ops: NumpyBackend, *, seed: int = 0) -> Scheduler:
    """Return a scheduler whose states are freshly drawn."""
    dtype = np.dtype(graph.train.dtype)
    states: dict[str, NodeState] = {}
    for name, node in graph.nodes.items():
        arrays = node.layer.init(node.input_shapes, stream(seed, name, "init"), dtype)
        if not arrays and node.optimizer is None:
            continue
        state = NodeState(arrays)
        if isinstance(node.layer, TrainableLayer) and node.optimizer is not None:
            assert node.annealing is not None
            state.optimizer = node.optimizer.init(ops, node.layer, arrays)
            width = node.layer.annealing_width() if node.annealing.smooths else 0.0
            state.annealing = node.annealing.init(width)
        states[name] = state
    return Scheduler(graph, ops, states)


def with_parameters(scheduler: Scheduler, name: str, **parameters: Array) -> None:
    """Replace parameters of a node."""
    state = scheduler.states[name]
    scheduler.states[name] = replace(state, parameters={**state.parameters, **parameters})


def with_sigma(scheduler: Scheduler, name: str, sigma: float) -> None:
    """Set the width of a node's smoothing."""
    state = scheduler.states[name]
    scheduler.states[name] = replace(state, annealing={**state.annealing, "sigma": sigma})


def random_mixture(
    rng: np.random.Generator,
    *,
    components: int,
    dimensions: int,
    sets: int = 1,
    dtype: Any = np.float64,
    scale: float = 1.0,
    offset: float = 0.0,
) -> dict[str, NDArray[Any]]:
    """Return parameters of a mixture: uneven weights, means in +-scale, r from 0.5 to 3."""
    shape = (sets, components, dimensions)
    return {
        "means": (rng.uniform(-scale, scale, shape) + offset).astype(dtype),
        "precision_sqrt": rng.uniform(0.5, 3.0, shape).astype(dtype),
        "weight_logits": rng.standard_normal(shape[:2]).astype(dtype),
        "offset": np.asarray(offset, dtype),
    }


def random_rows(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Return a row-stochastic matrix that is not symmetric."""
    matrix = rng.uniform(0, 1, (size, size)) ** 4
    return matrix / matrix.sum(axis=1, keepdims=True)
