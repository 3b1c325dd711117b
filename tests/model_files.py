"""Small model files, sound ones and ones that were tampered with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from dcgraph.backends.numpy.backend import NumpyBackend
from dcgraph.errors import ModelFileError
from dcgraph.graph.load import load_graph
from dcgraph.storage.read import read_model
from dcgraph.storage.record import ModelRecord
from dcgraph.storage.seal import seal
from dcgraph.storage.write import write_model
from dcgraph.training.start import new_record

TINY = "F(2,2)-G(4)-F(2,1)-C(3)"
MEANS = "nodes/gmm1/parameters/means"  # of float32, (1, 4, 4)

Change = Callable[[h5py.File], object]


def tiny_record(
    notation: str = TINY, *, dtype: str = "float32", seed: int = 0, optimizer: str = "em"
) -> ModelRecord:
    """Return a record of a graph over 4x4 images, every part of which holds something."""
    overrides = [f"train.dtype={dtype}", f"train.seed={seed}", f"train.optimizer.type={optimizer}"]
    graph = load_graph(notation, overrides=overrides, shape=(4, 4, 1))
    record = new_record(graph, NumpyBackend(), steps_per_epoch=20)
    record.step, record.epoch, record.complete = 12, 0.6, True
    for i, state in enumerate(record.states.values()):
        state.updates = 7 + i
    record.history = {
        name: {
            "step": [1, 5, 10],
            "log_likelihood": [-3.5, -2.25, 0.1 + i],
            "loss": [-4.0, -3.0, -1 / 3],
            "sigma": [1.0, 0.5, 0.01],
            "active": [0, 1, 1],
            "winner_entropy": [1.5, 1.25, 1.0],
        }
        for i, name in enumerate(graph.trainable)
    }
    record.metrics = {graph.trainable[0]: {"log_likelihood": -1 / 3, "auc": 0.75}}
    record.provenance = {
        "dcgraph": "0.1.0",
        "command": "dcgraph run höhe.yaml",
        "seconds": 1.5,
        "training_images": 2000,
    }
    record.calibration = {name: np.linspace(-9.0, 3.0, 101) for name in graph.density_nodes}
    return record


def write_tiny(path: Path, **options: Any) -> Path:
    """Write the file of a tiny record."""
    write_model(path, tiny_record(**options))
    return path


@contextmanager
def tampered(path: Path) -> Iterator[h5py.File]:
    """Yield a model file open for changes; then make its checksum that of the changed bytes."""
    with h5py.File(path, "r+") as file:
        yield file
    reseal(path)


def reseal(path: Path) -> None:
    """Make a file's checksum that of its bytes."""
    with path.open("r+b") as file:
        seal(file)


def replace(parent: h5py.Group, name: str, value: Any, **options: Any) -> None:
    """Put another array in an array's place."""
    del parent[name]
    parent.create_dataset(name, data=value, **options)


def assert_equal_records(first: ModelRecord, second: ModelRecord) -> None:
    """Compare every field, arrays by element and type."""
    for name in (field.name for field in fields(ModelRecord) if field.compare):
        if name in ("states", "calibration"):
            continue
        assert getattr(first, name) == getattr(second, name), name
    assert list(first.states) == list(second.states)
    for name, state in first.states.items():
        other = second.states[name]
        assert state.updates == other.updates
        assert state.annealing == pytest.approx(other.annealing, rel=0, abs=0, nan_ok=True)
        assert_equal_arrays(state.parameters, other.parameters)
        assert_equal_arrays(state.optimizer, other.optimizer)
    assert_equal_arrays(first.calibration, second.calibration)


def assert_equal_arrays(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Compare named arrays by name, type, shape and element."""
    assert set(first) == set(second)
    for name, array in first.items():
        assert array.dtype == second[name].dtype
        np.testing.assert_array_equal(array, second[name], strict=True)


def put(place: str, value: Any, **options: Any) -> Change:
    """Return the change of one array to another."""
    return lambda file: replace(file, place, value, **options)


def set_attribute(place: str, name: str, value: Any) -> Change:
    """Return the change of an attribute's value."""

    def change(file: h5py.File) -> None:
        file[place].attrs[name] = value

    return change


def refusal(path: Path, read: Callable[[Path], object] = read_model) -> str:
    """Return the one sentence that a file is refused with."""
    with pytest.raises(ModelFileError) as info:
        read(path)
    assert info.value.problem.file == str(path)
    message = info.value.problem.message
    assert "\n" not in message
    assert len(message) < 700
    return message
