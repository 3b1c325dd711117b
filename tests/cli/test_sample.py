from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

import dcgraph


def test_a_picture_holds_a_grid_of_samples(call, model):
    answer = call("sample", model, "-n", "6", "-o", "grid.png", "--scale", "2")
    assert answer.code == 0, answer.stderr
    assert answer.stdout == "6 samples in grid.png\n"
    with Image.open("grid.png") as picture:
        assert picture.mode == "L"
        assert picture.size == (3 * (2 * 8 + 1) + 1, 2 * (2 * 8 + 1) + 1)
        assert len(set(picture.get_flattened_data())) > 10


def test_columns(call, model):
    call("sample", model, "-n", "6", "--scale", "1", "--columns", "6")
    with Image.open("samples.png") as picture:
        assert picture.size == (6 * 9 + 1, 10)


def test_an_npz_file_holds_what_the_python_face_draws(call, model):
    answer = call("sample", model, "-n", "230", "-o", "s.npz", "--seed", "5", "--json")
    assert answer.json | {"seconds": 0} == {
        "command": "sample",
        "version": dcgraph.__version__,
        "ok": True,
        "seconds": 0,
        "model": str(model),
        "n": 230,
        "node": "gmm2",
        "seed": 5,
        "output": "s.npz",
    }
    with np.load("s.npz") as arrays:
        images = arrays["images"]
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, dcgraph.load(model).sample(230, seed=5))


def test_an_hdf5_file_holds_the_same(call, model):
    call("sample", model, "-n", "130", "-o", "s.h5", "--seed", "5")
    with h5py.File("s.h5") as file:
        images = file["images"][...]
    np.testing.assert_array_equal(images, dcgraph.load(model).sample(130, seed=5))


def test_settings_of_a_node_and_of_all_nodes_of_a_type(call, model):
    loaded = dcgraph.load(model)
    call(
        "sample", model, "-n", "9", "-o", "all.npz", "--set", "gmm.top=1", "--set", "gmm.divisor=5"
    )
    with np.load("all.npz") as arrays:
        expected = loaded.sample(9, top=1, divisor=5)
        np.testing.assert_array_equal(arrays["images"], expected)
    call("sample", model, "-n", "9", "-o", "one.npz", "--set", "gmm2.selection=3")
    with np.load("one.npz") as arrays:
        assert not np.array_equal(arrays["images"], loaded.sample(9, selection=3))
        assert not np.array_equal(arrays["images"], loaded.sample(9))


def test_sampling_can_start_lower(call, model):
    found = call("sample", model, "-n", "2", "--node", "gmm1", "-o", "s.npz", "--json").json
    assert found["node"] == "gmm1"
    with np.load("s.npz") as arrays:
        np.testing.assert_array_equal(arrays["images"], dcgraph.load(model).sample(2, node="gmm1"))


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("gmm2.components=36", "changes more than the sampling settings"),
        ("train.seed=3", "changes more than the sampling settings"),
        ("gmm.topp=1", "did you mean 'top'?"),
        ("gmm.top=-1", "top"),
        ("gmn2.top=1", "did you mean 'gmm2'?"),
        ("gmm.top", "gmm1.top"),
    ],
)
def test_settings_that_cannot_be(call, model, setting, told):
    answer = call("sample", model, "--set", setting)
    assert answer.code == 2
    assert told in answer.stderr
    assert not Path("samples.png").exists()


@pytest.mark.parametrize("arguments", [["-n", "0"], ["--scale", "0"], ["--columns", "0"]])
def test_numbers_that_cannot_be(call, model, arguments):
    assert call("sample", model, *arguments).code == 2


def test_an_ending_that_names_no_format(call, model):
    answer = call("sample", model, "-o", "samples.gif")
    assert answer.code == 2
    assert ".png or .npz or .h5" in answer.stderr


def test_an_output_that_is_there_is_kept(call, model):
    Path("samples.png").write_text("mine")
    answer = call("sample", model)
    assert answer.code == 2
    assert "--overwrite" in answer.stderr
    assert Path("samples.png").read_text() == "mine"
    assert call("sample", model, "--overwrite").code == 0


def test_an_output_that_cannot_be_written(call, model):
    Path("file").write_text("")
    answer = call("sample", model, "-o", "file/samples.png")
    assert answer.code == 2
    assert answer.stderr.startswith("error: ")
    assert "Traceback" not in answer.stderr


def test_nothing_is_left_beside_a_file_that_failed(call, model, monkeypatch):
    def fail(*arguments, **settings):
        raise MemoryError

    monkeypatch.setattr("dcgraph.inference.sampling.descend", fail)
    answer = call("sample", model, "-o", "s.npz")
    assert answer.code == 1
    assert "not enough memory" in answer.stderr
    assert list(Path().iterdir()) == []
