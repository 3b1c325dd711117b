"""Reads a model file and holds it against its graph. Reading runs nothing and follows no link."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.errors import GraphError, ModelFileError
from dcgraph.graph.graph import Graph, Node
from dcgraph.graph.load import graph_from_yaml
from dcgraph.plugin.manager import Plugins
from dcgraph.state import NodeState
from dcgraph.storage import layout
from dcgraph.storage.checked import CheckedGroup
from dcgraph.storage.record import ModelRecord
from dcgraph.storage.seal import check_seal

GRAPH_BYTES_MAX = 2**20


def read_model(path: Path, *, plugins: Plugins | None = None) -> ModelRecord:
    """Return what a model file holds.

    Raises
    ------
    RequestError
        There is no such file, or its graph names types that no plugin registers.
    ModelFileError
        The file is damaged, of a newer version, or no model file.
    """
    with _opened(path) as root:
        graph = _graph(root, plugins)
        run = root.group(layout.RUN, layout.ENCODING[layout.RUN])
        record = ModelRecord(
            graph=graph,
            states=_states(root, graph),
            seed=run.value("seed", int),
            total_steps=run.value("total_steps", int),
            step=run.value("step", int),
            epoch=run.value("epoch", float),
            complete=root.value("complete", bool),
            history=_history(root),
            metrics=_metrics(root),
            provenance=root.group(layout.PROVENANCE, layout.ENCODING[layout.PROVENANCE]).values(),
            calibration=_calibration(root, graph),
        )
        if not 0 <= record.step <= record.total_steps:
            run.refuse(f"stands at step {record.step} of {record.total_steps}")
    return record


def read_graph(path: Path, *, plugins: Plugins | None = None) -> Graph:
    """Return the graph of a model file."""
    with _opened(path) as root:
        return _graph(root, plugins)


@contextmanager
def _opened(path: Path) -> Iterator[CheckedGroup]:
    import h5py

    check_seal(path)
    try:
        with h5py.File(path, "r") as file:
            root = CheckedGroup(file, path)
            if root.value("format", str) != layout.FORMAT:
                root.refuse(f"is of another format than '{layout.FORMAT}'")
            version = root.value("format_version", int)
            if version > layout.FORMAT_VERSION:
                message = (
                    f"has format version {version}, this dcgraph reads up to "
                    f"{layout.FORMAT_VERSION}: update dcgraph"
                )
                raise ModelFileError(message, file=path)
            yield root
    except (OSError, KeyError, RuntimeError, TypeError, UnicodeDecodeError) as error:
        if isinstance(error, ModelFileError):
            raise
        message = f"is damaged or no model file: {error}"
        raise ModelFileError(message, file=path) from error


def _graph(root: CheckedGroup, plugins: Plugins | None) -> Graph:
    content = root.array(layout.GRAPH, kinds="u", shape=(None,))
    if content.nbytes > GRAPH_BYTES_MAX or content.dtype != np.uint8:
        root.refuse("is no graph's text", layout.GRAPH)
    try:
        text = content.tobytes().decode()
    except UnicodeDecodeError:
        root.refuse("is no text in UTF-8", layout.GRAPH)
    try:
        return graph_from_yaml(text, file=str(root.file), plugins=plugins)
    except GraphError as error:
        message = f"holds a graph that is not sound: {error.problem.message}"
        raise ModelFileError(message, file=root.file, node=error.problem.node) from error


def _states(root: CheckedGroup, graph: Graph) -> dict[str, NodeState]:
    nodes = root.group(layout.NODES, layout.ENCODING[layout.NODES])
    states = {}
    for name, node in graph.nodes.items():
        if node.layer.parameter_shapes(node.input_shapes) or node.optimizer is not None:
            group = nodes.group(name, layout.ENCODING["node"])
            states[name] = _state(group, node, np.dtype(graph.train.dtype))
    for name in nodes.names():
        if name not in states:
            nodes.refuse("belongs to no node of the graph that learns", name)
    return states


def _state(group: CheckedGroup, node: Node, dtype: Any) -> NodeState:
    parameters = group.group("parameters", layout.ENCODING["parameters"])
    expected = node.layer.parameter_shapes(node.input_shapes)
    arrays = {name: parameters.array(name, shape=shape) for name, shape in expected.items()}
    for name in parameters.names():
        if name not in expected:
            parameters.refuse("is no parameter of this node", name)
    for name, array in arrays.items():
        if array.dtype != dtype:
            parameters.refuse(f"holds {array.dtype}, the graph says {dtype}", name)
        if not np.isfinite(array).all():
            parameters.refuse("holds NaN or infinite values", name)
    if isinstance(node.layer, TrainableLayer):
        fault = node.layer.fault(arrays)
        if fault is not None:
            parameters.refuse(fault)
    carried = group.group("optimizer", layout.ENCODING["optimizer"])
    return NodeState(
        arrays,
        _carried(carried, node, dtype),
        group.group("annealing", layout.ENCODING["annealing"]).values(),
        group.value("updates", int),
    )


def _carried(group: CheckedGroup, node: Node, dtype: Any) -> dict[str, Any]:
    if node.optimizer is None or not isinstance(node.layer, TrainableLayer):
        return {}
    expected = node.optimizer.state_shapes(node.layer, node.input_shapes)
    arrays = {name: group.array(name, shape=shape) for name, shape in expected.items()}
    for name, array in arrays.items():
        if array.dtype != dtype or not np.isfinite(array).all():
            group.refuse(f"should hold finite numbers of type {dtype}", name)
    return arrays


def _history(root: CheckedGroup) -> dict[str, dict[str, list[float]]]:
    history = root.group(layout.HISTORY, layout.ENCODING[layout.HISTORY])
    nodes = {}
    for name in history.names():
        group = history.group(name, layout.ENCODING["columns"])
        columns = {
            column: group.array(
                column,
                kinds="i" if column in layout.INTEGER_COLUMNS else "f",
                shape=(None,),
            ).tolist()
            for column in layout.COLUMNS
        }
        if len({len(values) for values in columns.values()}) > 1:
            group.refuse("has columns of different lengths")
        nodes[name] = columns
    return nodes


def _metrics(root: CheckedGroup) -> dict[str, dict[str, float]]:
    metrics = root.group(layout.METRICS, layout.ENCODING[layout.METRICS])
    return {
        name: metrics.group(name, layout.ENCODING["values"]).values() for name in metrics.names()
    }


def _calibration(root: CheckedGroup, graph: Graph) -> dict[str, Any]:
    group = root.group(layout.CALIBRATION, layout.ENCODING[layout.CALIBRATION])
    return {name: group.array(name, shape=(None,)) for name in graph.density_nodes if name in group}
