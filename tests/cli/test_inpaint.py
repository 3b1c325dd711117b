from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import dcgraph

HALF = np.ones((8, 8), bool)
HALF[4:] = False


@pytest.fixture(scope="module")
def test_images():
    """The digits' test images, by the rule the source states."""
    bunch = load_digits()
    chosen = np.arange(len(bunch.images)) % 5 == 4
    return (bunch.images[chosen] / 16).astype(np.float32)[..., None]


def test_a_picture_has_a_column_for_each_image(call, model):
    answer = call("inpaint", model, "--mask", "bottom", "-n", "2", "--limit", "3")
    assert answer.code == 0, answer.stderr
    assert answer.stdout == "2 completions of 3 images in inpainted.png\n"
    with Image.open("inpainted.png") as picture:
        cell = 7 * 8 + 1
        assert picture.mode == "L"
        assert picture.width > 3 * cell  # and the names of the rows
        assert 4 * cell + 1 < picture.height < 5 * cell  # original, known, two completions


def test_arrays_are_those_of_the_python_face(call, model, test_images):
    answer = call(
        *("inpaint", model, "--mask", "bottom", "-n", "3", "--limit", "5", "--seed", "4"),
        *("--set", "gmm.top=1", "-o", "c.npz", "--json"),
    )
    assert answer.json | {"seconds": 0, "version": ""} == {
        "command": "inpaint",
        "version": "",
        "ok": True,
        "seconds": 0,
        "model": str(model),
        "n": 5,
        "completions": 3,
        "node": "gmm2",
        "seed": 4,
        "fill": 0.0,
        "unknown": 0.5,
        "images": [0, 1, 2, 3, 4],
        "output": "c.npz",
    }
    with np.load("c.npz") as arrays:
        found = dict(arrays)
    assert set(found) == {"completions", "images", "known", "places", "labels"}
    images = test_images[:5]
    np.testing.assert_array_equal(found["images"], images)
    np.testing.assert_array_equal(found["known"], np.broadcast_to(HALF[..., None], images.shape))
    expected = dcgraph.load(model).inpaint(images, HALF, n=3, seed=4, top=1)
    np.testing.assert_array_equal(found["completions"], expected.swapaxes(0, 1))
    kept = np.broadcast_to(found["known"][:, None], found["completions"].shape)
    given = np.broadcast_to(images[:, None], kept.shape)
    np.testing.assert_array_equal(found["completions"][kept], given[kept])


def test_unknown_pixels_can_be_integrated_out(call, model, test_images):
    call("inpaint", model, "--mask", "left", "--fill", "integrate", "-o", "c.h5", "-n", "1")
    known = np.ones((8, 8), bool)
    known[:, :4] = False
    expected = dcgraph.load(model).inpaint(test_images[:8], known, fill=None)
    with h5py.File("c.h5") as file:
        np.testing.assert_array_equal(file["completions"][:, 0], expected)
        assert file["labels"].shape == (8,)


def test_images_of_ones_own_with_holes(call, model, test_images):
    holes = test_images[:4].copy()
    holes[0, 2:4, 2:4] = np.nan
    holes[1:, 0] = np.nan
    np.savez("holes.npz", images=holes)
    answer = call("inpaint", model, "--images", "holes.npz", "--index", "3,0", "-o", "c.npz")
    assert answer.code == 0, answer.stderr
    with np.load("c.npz") as arrays:
        assert arrays["places"].tolist() == [3, 0]
        assert "labels" not in arrays
        np.testing.assert_array_equal(arrays["known"], ~np.isnan(holes[[3, 0]]))
        assert np.isfinite(arrays["completions"]).all()


def test_random_masks_differ_between_images(call, model):
    call("inpaint", model, "--mask", "random:0.25", "-o", "c.npz")
    with np.load("c.npz") as arrays:
        known = arrays["known"]
    assert ((~known).sum(axis=(1, 2, 3)) == 16).all()
    assert not np.array_equal(known[0], known[1])


def test_a_box_a_picture_and_an_array_as_masks(call, model):
    mask = np.ones((8, 8), bool)
    mask[1:3, 4:7] = False
    np.save("mask.npy", mask)
    Image.fromarray((mask * 255).astype(np.uint8)).save("mask.png")
    for text in ("box:1,4,2,3", "mask.npy", "mask.png"):
        answer = call("inpaint", model, "--mask", text, "-o", "c.npz", "--overwrite")
        assert answer.code == 0, answer.stderr
        with np.load("c.npz") as arrays:
            np.testing.assert_array_equal(arrays["known"][5, ..., 0], mask)


def test_sharpening_is_read_out(call, model):
    answer = call("inpaint", model, "--mask", "top", "--sharpen", "3", "--json")
    found = answer.json["sharpening"]
    assert list(found) == ["fold2", "fold1"]
    assert found["fold1"].keys() == {"target", "iterations", "rate", "before", "after", "raised"}
    assert found["fold1"]["target"] == "gmm1"
    assert found["fold1"]["iterations"] == 3
    assert (
        "towards" in call("inpaint", model, "--mask", "top", "--sharpen", "3", "--overwrite").stdout
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--mask", "middle"], "left, right, top, bottom"),
        (["--mask", "box:1,2,3"], "four whole numbers"),
        (["--mask", "box:1,2,3,-4"], "four whole numbers"),
        (["--mask", "box:6,0,4,4"], "does not lie in an image of 8x8"),
        (["--mask", "random:half"], "random:SHARE"),
        (["--mask", "random:1"], "between 0 and 1"),
        (["--mask", "no.png"], "no such mask file"),
        (["--mask", "small.png"], "4x4 pixels, but the images are 8x8"),
        (["--mask", "broken.png"], "cannot be read as a picture"),
        (["--mask", "small.npy"], "received (4, 4)"),
        (["--mask", "floats.npy"], "a mask is boolean"),
        (["--mask", "broken.npy"], "cannot be read as an .npy file"),
        (["--mask", "none.npy"], "no known pixel"),
        (["--mask", "all.npy"], "every pixel is known"),
        ([], "every pixel is known"),
        (["--mask", "left", "--fill", "zero"], "a number or 'integrate'"),
        (["--mask", "left", "--fill", "nan"], "a number or 'integrate'"),
        (["--mask", "left", "--node", "fold1"], "nodes that can: gmm1, gmm2"),
        (["--mask", "left", "--index", "359"], "images run from 0 to 358"),
        (["--mask", "left", "--index", "a"], "3, 0,7 or 20..29"),
        (["--mask", "left", "--index", "5..3"], "3, 0,7 or 20..29"),
        (["--mask", "left", "--images", "own.npz", "--data", "digits"], "give one of them"),
        (["--mask", "left", "--images", "own.npz"], "received (2, 4, 4, 1)"),
        (["--mask", "left", "--images", "own.txt"], ".npz and .npy"),
        (["--mask", "left", "--images", "broken.npz"], "npz file"),
        (["--mask", "left", "--images", "odd.npz"], "'labels' must be 2 integers"),
        (["--mask", "left", "--images", "flat.npz"], "'images' must have the shape"),
        (["--mask", "left", "--set", "gmm1.topp=1"], "did you mean 'top'"),
        (["--mask", "left", "--set", "train.epochs=3"], "changes more than the sampling"),
        (["--mask", "left", "-o", "c.gif"], ".png or .npz or .h5"),
    ],
)
def test_requests_that_cannot_be(call, model, arguments, told):
    Image.new("L", (4, 4)).save("small.png")
    Path("broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    np.save("small.npy", np.eye(4, dtype=bool))
    np.save("floats.npy", np.eye(8))
    np.save("none.npy", np.zeros((8, 8), bool))
    np.save("all.npy", np.ones((8, 8), bool))
    Path("broken.npy").write_text("no array")
    np.savez("own.npz", images=np.zeros((2, 4, 4, 1)))
    np.savez("odd.npz", images=np.zeros((2, 8, 8, 1)), labels=np.zeros(3, int))
    np.savez("flat.npz", images=np.zeros((8, 8)))
    Path("own.txt").write_text("")
    Path("broken.npz").write_text("no archive")
    answer = call("inpaint", model, *arguments)
    assert answer.code == 2, answer.stderr
    assert told in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert not Path("inpainted.png").exists()
