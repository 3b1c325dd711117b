from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from model_files import assert_equal_records, tiny_record, write_tiny

from dcgraph.data.dataset import dataset_from_arrays
from dcgraph.graph.load import load_graph
from dcgraph.storage.origin import graph_from
from dcgraph.storage.read import read_graph, read_model
from dcgraph.storage.seal import is_model_file
from dcgraph.storage.write import write_model
from dcgraph.training.run import run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.h5"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["em", "sgd"])
def test_what_was_written_is_read(path: Path, dtype: str, optimizer: str) -> None:
    record = tiny_record(dtype=dtype, optimizer=optimizer)
    write_model(path, record)
    assert_equal_records(read_model(path), record)
    assert next(iter(record.states.values())).parameters["means"].dtype == dtype


def test_a_trained_model_is_read(path: Path) -> None:
    images = np.random.default_rng(0).uniform(0, 1, (60, 4, 4, 1)).astype(np.float32)
    graph = load_graph("F(2,2)-G(4)-F(2,1)-G(4)", overrides=["train.epochs=3"], shape=(4, 4, 1))
    record = run(graph, dataset_from_arrays(images, None, (4, 4, 1)), output=path)
    assert record.step > 0
    assert record.history
    assert record.calibration
    assert_equal_records(read_model(path), record)


def test_parameters_set_by_position_are_read(path: Path) -> None:
    images = np.random.default_rng(0).uniform(0, 1, (30, 4, 4, 1)).astype(np.float32)
    graph = load_graph("F(2,1)-G(4)", overrides=["gmm1.share=false"], shape=(4, 4, 1))
    record = run(graph, dataset_from_arrays(images, None, (4, 4, 1)), output=path)
    read = read_model(path)
    assert_equal_records(read, record)
    assert read.states["gmm1"].parameters["means"].shape == (9, 4, 4)


def test_a_model_that_has_learned_nothing_is_read(path: Path) -> None:
    record = tiny_record()
    record.step, record.epoch, record.complete = 0, 0.0, False
    record.history, record.metrics, record.provenance, record.calibration = {}, {}, {}, {}
    write_model(path, record)
    assert_equal_records(read_model(path), record)


def test_an_annealing_state_may_hold_nan(path: Path) -> None:
    record = tiny_record(optimizer="sgd")
    write_model(path, record)
    annealing = read_model(path).states["gmm1"].annealing
    assert np.isnan(annealing["first"])
    assert annealing.keys() == record.states["gmm1"].annealing.keys()


def test_the_same_record_makes_the_same_bytes(path: Path) -> None:
    record = tiny_record()
    write_model(path, record)
    first = path.read_bytes()
    write_model(path, record)
    assert path.read_bytes() == first


def test_reading_gives_arrays_that_can_be_changed(path: Path) -> None:
    means = read_model(write_tiny(path)).states["gmm1"].parameters["means"]
    means += 1
    assert means.flags.owndata


def test_the_graph_alone_can_be_read(path: Path) -> None:
    record = tiny_record()
    write_model(path, record)
    assert read_graph(path) == record.graph
    assert graph_from(path) == record.graph
    assert graph_from(str(path), overrides=["gmm1.delay=0.5"]).nodes["gmm1"].layer.delay == 0.5


def test_another_graph_of_the_same_record_is_what_is_written(path: Path) -> None:
    record = tiny_record()
    write_model(path, record)
    record.graph = load_graph(record.graph, overrides=["name=renamed"])
    write_model(path, record)
    assert read_model(path).graph.name == "renamed"


def test_none_is_left_out_of_provenance(path: Path) -> None:
    record = tiny_record()
    record.provenance = {"command": None, "backend": "numpy"}
    write_model(path, record)
    assert read_model(path).provenance == {"backend": "numpy"}


def test_provenance_holds_plain_values_alone(path: Path) -> None:
    record = tiny_record()
    record.provenance = {"versions": [1, 2]}
    with pytest.raises(TypeError, match="'versions' of a model file must be text or a number"):
        write_model(path, record)
    assert not list(path.parent.iterdir())


def test_a_long_text_is_cut_to_what_can_be_read(path: Path) -> None:
    record = tiny_record()
    record.provenance = {"command": "ü" * 70_000}
    write_model(path, record)
    assert read_model(path).provenance == {"command": "ü" * 60_000}


class TestDocumentedLayout:
    """What FORMAT.md promises to programs that read the file by themselves."""

    def test_any_hdf5_program_reads_it(self, path: Path) -> None:
        record = tiny_record()
        write_model(path, record)
        with h5py.File(path, "r") as file:
            assert file.attrs["format"] == "dcgraph-model"
            assert file.attrs["format_version"] == 1
            assert bool(file.attrs["complete"]) is True
            assert file["graph"][()].decode() == record.graph_text
            assert file["graph"].asstr()[()] == record.graph_text
            assert set(file["nodes/gmm1/parameters"]) >= {
                "means",
                "precision_sqrt",
                "weight_logits",
            }
            assert file["nodes/gmm1/parameters/means"].shape == (1, 4, 4)
            assert file["nodes/gmm1/parameters/weight_logits"].shape == (1, 4)
            assert set(file["nodes/classifier/parameters"]) == {"weights", "bias"}
            assert dict(file["run"].attrs.items()).keys() >= {
                "seed",
                "step",
                "total_steps",
                "epoch",
            }
            assert file["history/gmm1/log_likelihood"].shape == (3,)
            assert file["metrics/gmm1"].attrs["auc"] == 0.75
            assert file["provenance"].attrs["training_images"] == 2000
            assert file["calibration/gmm1"].shape == (101,)

    def test_every_group_but_the_root_says_how_it_is_encoded(self, path: Path) -> None:
        without = []

        def visit(name: str, member: h5py.Group | h5py.Dataset) -> None:
            if isinstance(member, h5py.Group) and "encoding-version" not in member.attrs:
                without.append(name)

        with h5py.File(write_tiny(path), "r") as file:
            file.visititems(visit)
        assert not without


class TestIsModelFile:
    def test_of_a_model(self, path: Path) -> None:
        assert is_model_file(write_tiny(path))

    def test_of_another_hdf5_file(self, path: Path) -> None:
        h5py.File(path, "w").close()
        assert is_model_file(path)

    @pytest.mark.parametrize("content", [b"", b"name: x\n", b"\x89HDF", b"dcgraph-model"])
    def test_of_other_files(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        assert not is_model_file(path)

    @pytest.mark.parametrize("name", ["absent", ".", "a\0b", "n" * 5000])
    def test_of_what_is_no_file(self, tmp_path: Path, name: str) -> None:
        assert not is_model_file(tmp_path / name)
