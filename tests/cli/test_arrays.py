import tracemalloc

import h5py
import numpy as np
import pytest

from dcgraph.cli.arrays import write_blocks, write_columns


def blocks(number, size):
    for start in range(0, number * size, size):
        yield np.arange(start, start + size, dtype=np.float32).reshape(size, 1, 1, 1) * np.ones(
            (1, 64, 64, 1), np.float32
        )


def read(path):
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            return file["images"][...]
    with np.load(path) as arrays:
        return arrays["images"]


@pytest.mark.parametrize("ending", [".npz", ".h5", ".NPZ"])
def test_blocks_become_one_array(tmp_path, ending):
    path = tmp_path / f"x{ending}"
    write_blocks(path, "images", 12, blocks(3, 4))
    expected = np.concatenate(list(blocks(3, 4)))
    found = read(path)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("ending", [".npz", ".h5"])
def test_memory_is_that_of_a_block(tmp_path, ending):
    write_blocks(tmp_path / f"warm{ending}", "images", 4, blocks(1, 4))
    tracemalloc.start()
    write_blocks(tmp_path / f"x{ending}", "images", 1000, blocks(100, 10))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3_000_000  # of 16 MB


def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "x.npz"
    path.write_bytes(b"mine")

    def broken():
        yield from blocks(1, 4)
        message = "no more"
        raise ValueError(message)

    with pytest.raises(ValueError, match="no more"):
        write_blocks(path, "images", 8, broken())
    assert path.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [path]


def test_columns_as_csv_and_npz(tmp_path):
    columns = {"score": np.array([0.5, -1.25]), "label": np.array([3, 4])}
    write_columns(tmp_path / "x.csv", columns)
    assert (tmp_path / "x.csv").read_text().splitlines() == ["score,label", "0.5,3", "-1.25,4"]
    write_columns(tmp_path / "x.npz", columns)
    with np.load(tmp_path / "x.npz") as arrays:
        assert {name: arrays[name].tolist() for name in arrays} == {
            "score": [0.5, -1.25],
            "label": [3, 4],
        }
