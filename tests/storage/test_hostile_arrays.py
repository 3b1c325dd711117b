"""Files made by hand: arrays are checked before they are read."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from model_files import (
    MEANS,
    Change,
    put,
    refusal,
    replace,
    tampered,
    tiny_record,
)

from dcgraph.storage import layout
from dcgraph.storage.read import read_graph, read_model
from dcgraph.storage.write import write_model


def of_rows(file: h5py.File) -> None:
    """Make each element a row of four numbers."""
    del file[MEANS]
    file.create_dataset(MEANS, (1, 4), np.dtype(("<f4", (4,))))[...] = np.zeros((1, 4, 4))


class TestArrays:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (put(MEANS, np.zeros((1, 4, 5), "f4")), "has the shape (1, 4, 5), expected (1, 4, 4)"),
            (put(MEANS, np.zeros((4, 4), "f4")), "has the shape (4, 4), expected (1, 4, 4)"),
            (put(MEANS, np.zeros(0, "f4")), "has the shape (0,), expected (1, 4, 4)"),
            (put(MEANS, np.float32(0)), "has the shape (), expected (1, 4, 4)"),
            (put(MEANS, h5py.Empty("f4")), "has the shape None, expected (1, 4, 4)"),
            (put(MEANS, np.zeros((1, 4, 4))), "holds float64, expected float32"),
            (put(MEANS, np.zeros((1, 4, 4), "i4")), "holds int32, expected float32"),
            (put(MEANS, np.zeros((1, 4, 4), "f2")), "holds float16, expected float32"),
            (put(MEANS, np.zeros((1, 4, 4), "c8")), "holds complex64, expected float32"),
            (put(MEANS, np.zeros((1, 4, 4), bool)), "holds bool, expected float32"),
            (put(MEANS, np.zeros((1, 4, 4), [("a", "f4")])), "expected float32"),
            (put(MEANS, np.zeros((1, 4, 4), "S4")), "holds |S4, expected float32"),
            (put(MEANS, "text", dtype=h5py.string_dtype()), "holds object, expected float32"),
            (of_rows, "holds ('<f4', (4,)), expected float32"),
            (put("nodes/classifier/parameters/bias", np.zeros(4, "f4")), "expected (3,)"),
            (put("nodes/gmm1/optimizer/S0", np.zeros((1, 9), "f4")), "expected (1, 4)"),
            (put("graph", np.zeros(8)), "'/graph' holds float64 of shape (8,), expected one text"),
            (put("graph", np.array([b"a", b"b"])), "of shape (2,), expected one text"),
            (put("graph", "a: 1", dtype=h5py.string_dtype()), "holds object of shape ()"),
            (put("history/gmm1/step", np.ones(3)), "holds float64, expected int64"),
            (put("history/gmm1/sigma", np.ones(3, "f4")), "holds float32, expected float64"),
            (put("history/gmm1/sigma", np.ones((3, 1))), "expected (any,)"),
            (put("calibration/gmm1", np.ones(3, "i8")), "holds int64, expected float64"),
        ],
    )
    def test_a_wrong_shape_or_type(self, path: Path, change: Change, words: str) -> None:
        with tampered(path) as file:
            change(file)
        assert words in refusal(path)

    @pytest.mark.parametrize("place", [MEANS, "nodes/gmm1/optimizer/S2"])
    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_a_value_that_is_not_finite(self, path: Path, place: str, value: float) -> None:
        with tampered(path) as file:
            file[place][0, 1, 2] = value
        assert refusal(path).endswith(f"'/{place}' holds NaN or infinite values")

    @pytest.mark.parametrize("value", [0.0, -1.0, 1e-9, 100.0])
    def test_a_precision_out_of_bounds(self, path: Path, value: float) -> None:
        with tampered(path) as file:
            file["nodes/gmm1/parameters/precision_sqrt"][0, 0, 0] = value
        assert "'/nodes/gmm1/parameters' has precision roots from" in refusal(path)

    @pytest.mark.parametrize("values", [[], [np.nan] * 3, [0.0, np.inf]])
    def test_a_calibration_without_finite_quantiles(self, path: Path, values: list[float]) -> None:
        with tampered(path) as file:
            replace(file, "calibration/gmm1", np.array(values, float))
        assert "'/calibration/gmm1' should hold finite quantiles" in refusal(path)

    def test_the_other_byte_order_is_read(self, path: Path) -> None:
        with tampered(path) as file:
            means = file[MEANS][()]
            replace(file, MEANS, means.astype(">f4"))
        read = read_model(path).states["gmm1"].parameters["means"]
        assert read.dtype.isnative
        np.testing.assert_array_equal(read, means)


class TestHistory:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (put("history/gmm1/loss", np.zeros(2)), "has columns of different lengths"),
            (put("history/gmm1/step", np.array([1, 5])), "has columns of different lengths"),
            (put("history/gmm1/step", np.array([1, 5, 13])), "should ascend from 1 to at most 12"),
            (put("history/gmm1/step", np.array([0, 5, 9])), "should ascend from 1"),
            (put("history/gmm1/step", np.array([5, 1, 9])), "should ascend from 1"),
            (put("history/gmm1/step", np.array([1, 1, 9])), "should ascend from 1"),
        ],
    )
    def test_unsound_columns(self, path: Path, change: Change, words: str) -> None:
        with tampered(path) as file:
            change(file)
        message = refusal(path)
        assert "'/history/gmm1" in message
        assert words in message


@pytest.mark.usefixtures("bounded")
class TestBombs:
    def test_an_array_that_stores_less_than_it_promises(self, path: Path) -> None:
        with tampered(path) as file:
            del file["graph"]
            file.create_dataset("graph", (), h5py.string_dtype("utf-8", 2**20))
        for read in (read_model, read_graph):
            assert "'/graph' promises 1,048,576 bytes, more than are stored" in refusal(path, read)

    def test_more_than_any_machine_holds(self, path: Path) -> None:
        with tampered(path) as file:
            del file["calibration/gmm1"]
            file.create_dataset("calibration/gmm1", (2**50,), "f8")
        assert "promises 9,007,199,254,740,992 bytes" in refusal(path)

    def test_chunks_that_are_not_there(self, path: Path) -> None:
        with tampered(path) as file:
            del file["history/gmm1/loss"]
            file.create_dataset("history/gmm1/loss", (2**40,), "f8", chunks=(2**10,))
        assert "is stored in chunks or through filters" in refusal(path)

    def test_compressed_zeros(self, path: Path) -> None:
        with tampered(path) as file:
            replace(file, "calibration/gmm1", np.zeros(2**20), compression="gzip")
        assert "is stored in chunks or through filters" in refusal(path)

    def test_one_array_under_many_names(self, tmp_path: Path) -> None:
        path = tmp_path / "m.h5"
        record = tiny_record("-".join(["G(4)"] * 8))
        write_model(path, record)
        with tampered(path) as file:
            history, (first, *others) = file["history"], record.graph.trainable
            replace(history, f"{first}/loss", np.zeros(500_000))
            replace(history, f"{first}/step", np.arange(1, 500_001))
            for name in (first, *others):
                for column in layout.COLUMNS:
                    kind = "step" if column in layout.INTEGER_COLUMNS else "loss"
                    if name != first or column != kind:
                        del history[f"{name}/{column}"]
                        history[f"{name}/{column}"] = history[f"{first}/{kind}"]
            file["run"].attrs["total_steps"] = file["run"].attrs["step"] = 500_001
        assert "promises 4,000,000 bytes, more than are stored" in refusal(path)

    def test_a_graph_larger_than_any(self, path: Path) -> None:
        with tampered(path) as file:
            replace(file, "graph", np.bytes_(b"#" * (layout.GRAPH_BYTES_MAX + 1)))
        assert "'/graph' holds 1,048,577 bytes, expected at most 1,048,576" in refusal(path)

    def test_more_members_than_any_group_has(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("dcgraph.storage.checked.MEMBERS_MAX", 100)
        with tampered(path) as file:
            for i in range(101):
                file["metrics"].create_group(f"m{i}")
        assert "'/metrics' holds more members than any model does" in refusal(path)

    def test_more_attributes_than_any_group_has(self, path: Path) -> None:
        with tampered(path) as file:
            for i in range(layout.ATTRIBUTES_MAX + 1):
                file["provenance"].attrs[f"a{i}"] = i
        assert "'/provenance' has more attributes than anything in a model" in refusal(path)

    @pytest.mark.parametrize("place", ["/", "provenance"])
    def test_a_text_longer_than_any(self, path: Path, place: str) -> None:
        with tampered(path) as file:
            file[place].attrs["format" if place == "/" else "command"] = "x" * 5_000_000
        assert "of 5,000,000 characters" in refusal(path)

    def test_a_text_of_a_fixed_length_longer_than_any(self, path: Path) -> None:
        with tampered(path) as file:
            file["provenance"].attrs["command"] = np.bytes_(b"x" * 61_000)
        assert "of 61,000 bytes" in refusal(path)

    def test_a_group_that_holds_itself(self, path: Path) -> None:
        with tampered(path) as file:
            del file["nodes/gmm1/parameters"]
            file["nodes/gmm1/parameters"] = file["nodes/gmm1"]
        assert "is encoded as 'node', expected 'arrays'" in refusal(path)
