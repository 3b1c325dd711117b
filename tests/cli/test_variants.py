from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

import dcgraph


def test_a_picture_has_the_images_above_their_variants(call, model):
    answer = call("variants", model, "-n", "3", "--index", "0,7", "--scale", "2")
    assert answer.code == 0, answer.stderr
    assert answer.stdout == "3 variants of 2 images in variants.png\n"
    with Image.open("variants.png") as picture:
        assert 4 * 17 + 1 < picture.height < 6 * 17


def test_arrays_are_those_of_the_python_face(call, model):
    answer = call(
        *("variants", model, "--node", "gmm1", "-n", "2", "--limit", "4", "--seed", "6"),
        *("--set", "gmm1.top=1", "-o", "v.h5", "--json"),
    )
    assert answer.json["node"] == "gmm1"
    assert (answer.json["n"], answer.json["variants"], answer.json["seed"]) == (4, 2, 6)
    with h5py.File("v.h5") as file:
        images, variants = file["images"][...], file["variants"][...]
        assert file["places"][...].tolist() == [0, 1, 2, 3]
    opened = dcgraph.load(model)
    changed = opened.variants(images, node="gmm1", n=2, seed=6, top=1)
    np.testing.assert_array_equal(variants, changed.swapaxes(0, 1))


def test_data_can_be_chosen(call, model):
    call("variants", model, "--set", "data.classes=[3]", "--split", "train", "-o", "v.npz")
    with np.load("v.npz") as arrays:
        assert set(arrays["labels"].tolist()) == {3}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--node", "fold2"], "nodes that can: gmm1, gmm2"),
        (["--node", "gmm3"], "no node 'gmm3'"),
        (["-n", "0"], "-n"),
        (["--index", "400"], "there is no image 400"),
    ],
)
def test_requests_that_cannot_be(call, model, arguments, told):
    answer = call("variants", model, *arguments)
    assert answer.code == 2
    assert told in answer.stderr
    assert not Path("variants.png").exists()
