"""Writes a model file. The HDF5 bytes are made in memory: only finished ones reach the disk."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from dcgraph.state import NodeState
from dcgraph.storage import layout
from dcgraph.storage.record import ModelRecord
from dcgraph.storage.replace import replace_file
from dcgraph.storage.seal import seal

SCALARS = (str, int, float, bool)


def write_model(path: Path, record: ModelRecord) -> None:
    """Write a model file, whole or not at all; at any moment the path holds the old or the new.

    The caller holds `output_lock` where another process may write the same file.

    Raises
    ------
    RequestError
        There can be no such file: the folder is not writable, or the path is a directory.
    RunError
        The disk is full, or failed; the old file is as it was.
    """
    content = BytesIO()
    _write(content, record)
    seal(content)
    replace_file(path, content.getbuffer())


def _write(file: BytesIO, record: ModelRecord) -> None:
    import h5py

    with h5py.File(file, "w", libver=(layout.LIBRARY, layout.LIBRARY)) as root:
        root.attrs["format"] = layout.FORMAT
        root.attrs["format_version"] = layout.FORMAT_VERSION
        root.attrs["complete"] = record.complete
        text = record.graph_text.encode()
        kind = h5py.string_dtype("utf-8", len(text))
        root.create_dataset(layout.GRAPH, data=np.array(text, kind), dtype=kind)
        nodes = _group(root, layout.NODES)
        for name, state in record.states.items():
            _write_node(_group(nodes, name, "node"), state)
        _values(
            _group(root, layout.RUN),
            {
                "seed": record.seed,
                "step": record.step,
                "total_steps": record.total_steps,
                "epoch": float(record.epoch),
            },
        )
        history = _group(root, layout.HISTORY)
        for name, columns in record.history.items():
            group = _group(history, name, "columns")
            for column in layout.COLUMNS:
                kind = np.int64 if column in layout.INTEGER_COLUMNS else np.float64
                group[column] = np.asarray(columns[column], kind)
        metrics = _group(root, layout.METRICS)
        for name, values in record.metrics.items():
            _values(_group(metrics, name, "values"), values)
        _values(_group(root, layout.PROVENANCE), record.provenance)
        calibration = _group(root, layout.CALIBRATION)
        for name, quantiles in record.calibration.items():
            calibration[name] = np.asarray(quantiles, np.float64)


def _write_node(group: Any, state: NodeState) -> None:
    group.attrs["updates"] = state.updates
    for kind, arrays in (("parameters", state.parameters), ("optimizer", state.optimizer)):
        inner = _group(group, kind)
        for name, array in arrays.items():
            inner[name] = array
    _values(_group(group, "annealing"), state.annealing)


def _group(parent: Any, name: str, encoding: str | None = None) -> Any:
    group = parent.create_group(name)
    kind, version = layout.ENCODING[encoding or name]
    group.attrs["encoding-type"] = kind
    group.attrs["encoding-version"] = version
    return group


def _values(group: Any, values: Mapping[str, Any]) -> None:
    """Store plain values as attributes; None is left out."""
    for name, value in values.items():
        if value is None:
            continue
        if not isinstance(value, SCALARS):
            message = (
                f"'{name}' of a model file must be text or a number, not {type(value).__name__}"
            )
            raise TypeError(message)
        group.attrs[name] = value[: layout.TEXT_MAX] if isinstance(value, str) else value
