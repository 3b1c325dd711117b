"""Parameters of another model that a run begins with, node by node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import TrainableLayer
from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph, Node
from dcgraph.state import Arrays
from dcgraph.storage.record import ModelRecord


@dataclass(frozen=True, slots=True)
class Transfer:
    """Whether a node takes over the parameters of another model's node of the same name.

    Attributes
    ----------
    node : str
    taken : bool
    reason : str
        Why not; or, where it is and the node goes on learning, what becomes of it.
    """

    node: str
    taken: bool
    reason: str = ""


def transfers(graph: Graph, donor: ModelRecord) -> list[Transfer]:
    """Return, for each node of a graph that has parameters, whether it takes over the donor's.

    Names, types and shapes must be equal.
    """
    return [
        _transfer(node, donor)
        for node in graph.nodes.values()
        if node.layer.parameter_shapes(node.input_shapes)
    ]


def _transfer(node: Node, donor: ModelRecord) -> Transfer:
    if node.name not in donor.graph.nodes:
        return Transfer(node.name, taken=False, reason="the other model has no node of that name")
    other = donor.graph[node.name].layer.type
    if other != node.layer.type:
        reason = f"there, it is of type {other}, here {node.layer.type}"
        return Transfer(node.name, taken=False, reason=reason)
    shapes = node.layer.parameter_shapes(node.input_shapes)
    arrays = donor.states[node.name].parameters
    for name, shape in shapes.items():
        if name not in arrays or arrays[name].shape != shape:
            there = arrays[name].shape if name in arrays else "nothing"
            reason = f"there, {name} is {there}, here {shape}"
            return Transfer(node.name, taken=False, reason=reason)
    fault = node.layer.fault(arrays) if isinstance(node.layer, TrainableLayer) else None
    if fault is not None:
        return Transfer(node.name, taken=False, reason=f"it {fault}")
    if node.annealing is None or not node.annealing.smooths:
        return Transfer(node.name, taken=True)
    reason = "it learns on and is annealed anew (annealing.start says from which width)"
    return Transfer(node.name, taken=True, reason=reason)


def take_over(
    record: ModelRecord, donor: ModelRecord, chosen: Sequence[Transfer], ops: Backend
) -> None:
    """Give a fresh record the parameters of a donor.

    With them come the donor's running statistics, where the optimizer is of the same type, and how
    many updates they rest upon; the annealing begins anew.

    Raises
    ------
    RequestError
        Nothing is taken.
    """
    taken = [each.node for each in chosen if each.taken]
    if not taken:
        reasons = "; ".join(f"{each.node}: {each.reason}" for each in chosen)
        message = f"nothing of the model to begin with fits this graph ({reasons})"
        raise RequestError(message)
    dtype = np.dtype(record.graph.train.dtype)
    for name in taken:
        state, other = record.states[name], donor.states[name]
        parameters = _cast(other.parameters, dtype)
        # a node that has made an update is not fitted to the first images
        record.states[name] = replace(
            state,
            parameters=parameters,
            optimizer=_carried(record.graph[name], donor, parameters, ops),
            updates=max(1, other.updates),
        )


def _carried(node: Node, donor: ModelRecord, parameters: Arrays, ops: Backend) -> Arrays:
    """Return the optimizer's arrays: the donor's, or those it begins with at these parameters."""
    if node.optimizer is None or not isinstance(node.layer, TrainableLayer):
        return {}
    theirs, arrays = donor.graph[node.name].optimizer, donor.states[node.name].optimizer
    shapes = node.optimizer.state_shapes(node.layer, node.input_shapes)
    if theirs is not None and theirs.type == node.optimizer.type and shapes.keys() == arrays.keys():
        return _cast(arrays, next(iter(parameters.values())).dtype)
    on_device = {name: ops.asarray(array) for name, array in parameters.items()}
    fresh = node.optimizer.init(ops, node.layer, on_device)
    return {name: ops.to_host(array) for name, array in fresh.items()}


def _cast(arrays: Arrays, dtype: np.dtype[np.generic]) -> Arrays:
    return {name: array.astype(dtype) for name, array in arrays.items()}
