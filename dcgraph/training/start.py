"""The state a run starts from, and moving states between host and device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import TrainableLayer
from dcgraph.graph.graph import Graph, Node
from dcgraph.rng import stream
from dcgraph.state import FixedArrays, NodeState
from dcgraph.storage.record import ModelRecord


def new_record(graph: Graph, ops: Backend, *, steps_per_epoch: int) -> ModelRecord:
    """Return a model that has learned nothing yet; draws are keyed by the graph's seed."""
    seed = graph.train.seed
    dtype = np.dtype(graph.train.dtype)
    states = {}
    for name, node in graph.nodes.items():
        arrays = node.layer.init(node.input_shapes, stream(seed, name, "init"), dtype)
        if arrays or node.optimizer is not None:
            states[name] = on_host({name: _first_state(node, ops, arrays)}, ops)[name]
    total_steps = ceil(round(graph.train.epochs * steps_per_epoch, 6))
    return ModelRecord(graph, states, seed=seed, total_steps=max(1, total_steps))


def _first_state(node: Node, ops: Backend, arrays: Mapping[str, Any]) -> NodeState:
    state = NodeState({name: ops.asarray(array) for name, array in arrays.items()})
    layer = node.layer
    if isinstance(layer, TrainableLayer):
        if node.optimizer is not None:
            state.optimizer = node.optimizer.init(ops, layer, state.parameters)
        if node.annealing is not None:
            width = layer.annealing_width() if node.annealing.smooths else 0.0
            state.annealing = node.annealing.init(width)
    return state


def on_device(states: Mapping[str, NodeState], ops: Backend) -> dict[str, NodeState]:
    """Return states whose arrays are the backend's."""
    return {name: _mapped(state, ops.asarray) for name, state in states.items()}


def on_host(states: Mapping[str, NodeState], ops: Backend) -> dict[str, NodeState]:
    """Return states whose arrays are NumPy's."""
    return {name: _mapped(state, ops.to_host) for name, state in states.items()}


def fixed(states: Mapping[str, NodeState]) -> dict[str, NodeState]:
    """Return states that are learned from no more; their parameters become read-only."""
    return {
        name: replace(state, parameters=FixedArrays(state.parameters))
        for name, state in states.items()
    }


def _mapped(state: NodeState, move: Any) -> NodeState:
    return replace(
        state,
        parameters={name: move(array) for name, array in state.parameters.items()},
        optimizer={name: move(array) for name, array in state.optimizer.items()},
    )
