"""Reads a model file and holds it against its graph. Reading runs nothing and follows no link."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.errors import GraphError, ModelFileError, PluginError, RequestError
from dcgraph.graph.document import shown
from dcgraph.graph.graph import Graph, Node
from dcgraph.graph.load import graph_from_yaml
from dcgraph.graph.scores import DEVIATIONS, calibration_names, table_sizes
from dcgraph.plugin.manager import Plugins
from dcgraph.state import NodeState
from dcgraph.storage import layout
from dcgraph.storage.checked import CheckedGroup, Reading
from dcgraph.storage.guard import survive
from dcgraph.storage.record import ModelRecord
from dcgraph.storage.seal import check_seal

INTEGER, FLOAT = np.dtype(np.int64), np.dtype(np.float64)


def read_model(path: Path, *, plugins: Plugins | None = None) -> ModelRecord:
    """Return what a model file holds.

    Raises
    ------
    RequestError
        There is no such file, or it cannot be opened.
    ModelFileError
        The file is damaged, of a newer version, or no model file; or its graph names types that
        no plugin registers.
    """
    with _opened(path) as root:
        _refuse_others(root, layout.MEMBERS, "belongs to no model")
        graph = _graph(root, plugins)
        run = root.group(layout.RUN, layout.ENCODING[layout.RUN])
        total_steps = _counted(run, "total_steps", least=1)
        step = _counted(run, "step", most=total_steps)
        epoch = run.value("epoch", float)
        if not 0 <= epoch < np.inf:
            run.refuse(f"stands at epoch {epoch}")
        return ModelRecord(
            graph=graph,
            states=_states(root, graph),
            seed=_counted(run, "seed"),
            total_steps=total_steps,
            step=step,
            epoch=epoch,
            complete=root.value("complete", bool),
            history=_history(root, graph, step),
            metrics=_metrics(root, graph),
            provenance=root.group(layout.PROVENANCE, layout.ENCODING[layout.PROVENANCE]).values(),
            calibration=_calibration(root, graph),
        )


def read_graph(path: Path, *, plugins: Plugins | None = None) -> Graph:
    """Return the graph of a model file.

    Raises
    ------
    RequestError, ModelFileError
        As for `read_model`.
    """
    with _opened(path) as root:
        return _graph(root, plugins)


def read_graph_text(path: Path) -> str:
    """Return the YAML text of the graph in a model file; nothing is made of it.

    Raises
    ------
    RequestError, ModelFileError
        As for `read_model`.
    """
    with _opened(path) as root:
        return _text(root)


@contextmanager
def _opened(path: Path) -> Iterator[CheckedGroup]:
    import h5py

    # The buffer is first used after the other process, which would put it out of step, is done.
    with _stream(path) as stream, BufferedReader(stream) as content:
        try:
            if not check_seal(stream, path):
                survive(stream, path)
        except OSError as error:
            message = f"cannot be read: {error.strerror or error}"
            raise RequestError(message, file=path) from error
        # The library reads the very file that was checked, whatever takes its name meanwhile.
        try:
            file = h5py.File(content, "r")
        except (OSError, RuntimeError, ValueError) as error:
            message = f"is damaged or no model file: {' '.join(str(error).split()):.100}"
            raise ModelFileError(message, file=path) from error
        with file:
            root = CheckedGroup(file, Reading(path, content.seek(0, 2)))
            _check_version(root)
            yield root


def _stream(path: Path) -> FileIO:
    """Open a file, without a buffer."""
    try:
        if path.exists() and not path.is_file():
            message = "is no file: name a model file, as `dcgraph run` writes them"
            raise RequestError(message, file=path)
        return path.open("rb", buffering=0)
    except FileNotFoundError as error:
        message = "there is no such model file: correct the path, or train one by `dcgraph run`"
        raise RequestError(message, file=path) from error
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        raise RequestError(message, file=path) from error


def _check_version(root: CheckedGroup) -> None:
    if root.value("format", str) != layout.FORMAT:
        root.refuse(f"is of another format than '{layout.FORMAT}'")
    version = root.value("format_version", int)
    if version > layout.FORMAT_VERSION:
        message = (
            f"has format version {version}, this dcgraph reads up to {layout.FORMAT_VERSION}: "
            "update dcgraph"
        )
        raise ModelFileError(message, file=root.file)
    if version < 1:
        root.refuse(f"has format version {version}, expected 1 to {layout.FORMAT_VERSION}")


def _counted(group: CheckedGroup, name: str, *, least: int = 0, most: int = 2**63 - 1) -> int:
    """Return an integer attribute within bounds."""
    value: int = group.value(name, int)
    if not least <= value <= most:
        bound = f"at least {least}" if value < least else f"at most {most}"
        group.refuse(f"has the attribute '{name}' = {value}, expected {bound}")
    return value


def _text(root: CheckedGroup) -> str:
    return root.text(layout.GRAPH, most=layout.GRAPH_BYTES_MAX)


def _graph(root: CheckedGroup, plugins: Plugins | None) -> Graph:
    try:
        return graph_from_yaml(_text(root), file=str(root.file), plugins=plugins)
    except PluginError as error:  # the line is one of the text inside
        raise PluginError(error.problem.message, file=root.file, field="plugins") from error
    except GraphError as error:
        first = error.problem
        message = f"holds a graph that is not sound: {first.message}"
        raise ModelFileError(message, file=root.file, node=first.node, field=first.field) from error


def _states(root: CheckedGroup, graph: Graph) -> dict[str, NodeState]:
    nodes = root.group(layout.NODES, layout.ENCODING[layout.NODES])
    dtype = np.dtype(graph.train.dtype)
    learning = {
        name: node
        for name, node in graph.nodes.items()
        if node.layer.parameter_shapes(node.input_shapes) or node.optimizer is not None
    }
    _refuse_others(nodes, learning, "belongs to no node of the graph that has parameters")
    return {
        name: _state(nodes.group(name, layout.ENCODING["node"]), node, dtype)
        for name, node in learning.items()
    }


def _state(group: CheckedGroup, node: Node, dtype: np.dtype[Any]) -> NodeState:
    parameters = group.group("parameters", layout.ENCODING["parameters"])
    arrays = _arrays(parameters, node.layer.parameter_shapes(node.input_shapes), dtype)
    carried = {}
    if isinstance(node.layer, TrainableLayer):
        fault = node.layer.fault(arrays)
        if fault is not None:
            parameters.refuse(fault)
        if node.optimizer is not None:
            carried = node.optimizer.state_shapes(node.layer, node.input_shapes)
    optimizer = group.group("optimizer", layout.ENCODING["optimizer"])
    return NodeState(
        arrays,
        _arrays(optimizer, carried, dtype),
        _annealing(group, node),
        _counted(group, "updates"),
    )


def _arrays(
    group: CheckedGroup, expected: Mapping[str, tuple[int, ...]], dtype: np.dtype[Any]
) -> dict[str, NDArray[Any]]:
    """Return finite arrays of the given names and shapes; there may be no others."""
    _refuse_others(group, expected, "has no place in this node")
    arrays = {name: group.array(name, dtype, shape) for name, shape in expected.items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            group.refuse("holds NaN or infinite values", name)
    return arrays


def _annealing(group: CheckedGroup, node: Node) -> dict[str, float]:
    """Return a state with the keys that the node's schedule starts with."""
    annealing = group.group("annealing", layout.ENCODING["annealing"])
    state = annealing.numbers()
    expected = set() if node.annealing is None else set(node.annealing.init(1.0))
    if set(state) != expected:
        annealing.refuse(f"has the attributes {_listed(state)}, expected {_listed(expected)}")
    return state


def _listed(names: Any) -> str:
    return ", ".join(shown(name) for name in sorted(names)) or "none"


def _refuse_others(group: CheckedGroup, known: Collection[str], what: str) -> None:
    for name in group.names():
        if name not in known:
            group.refuse(what, name)


def _history(root: CheckedGroup, graph: Graph, step: int) -> dict[str, dict[str, list[float]]]:
    history = root.group(layout.HISTORY, layout.ENCODING[layout.HISTORY])
    _refuse_others(history, graph.trainable, "belongs to no node that learns")
    nodes = {}
    for name in history.names():
        group = history.group(name, layout.ENCODING["columns"])
        columns = {
            column: group.array(
                column, INTEGER if column in layout.INTEGER_COLUMNS else FLOAT, (None,)
            )
            for column in layout.COLUMNS
        }
        if len({len(values) for values in columns.values()}) > 1:
            group.refuse("has columns of different lengths")
        steps = columns["step"]
        if steps.size and (steps[0] < 1 or steps[-1] > step or (np.diff(steps) < 1).any()):
            group.refuse(f"should ascend from 1 to at most {step}", "step")
        nodes[name] = {column: values.tolist() for column, values in columns.items()}
    return nodes


def _metrics(root: CheckedGroup, graph: Graph) -> dict[str, dict[str, float]]:
    metrics = root.group(layout.METRICS, layout.ENCODING[layout.METRICS])
    _refuse_others(metrics, graph.nodes, "belongs to no node of the graph")
    return {
        name: metrics.group(name, layout.ENCODING["values"]).numbers() for name in metrics.names()
    }


def _calibration(root: CheckedGroup, graph: Graph) -> dict[str, NDArray[np.float64]]:
    group = root.group(layout.CALIBRATION, layout.ENCODING[layout.CALIBRATION])
    _refuse_others(group, calibration_names(graph), "belongs to no node with a log-likelihood")
    sizes = table_sizes(graph)
    quantiles = {name: group.array(name, FLOAT, (sizes.get(name),)) for name in group.names()}
    for name, values in quantiles.items():
        if not values.size or not np.isfinite(values).all():
            group.refuse("should hold finite quantiles", name)
        if name.endswith(DEVIATIONS) and (values <= 0).any():
            group.refuse("should hold deviations above 0", name)
    return quantiles
