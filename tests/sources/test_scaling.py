"""Layout and range of a user's arrays: declared, and checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from dcgraph.errors import DataError
from dcgraph.sources import Npz

BYTES = np.arange(5 * 4 * 3 * 2, dtype=np.uint8).reshape(5, 4, 3, 2)
ALL = np.arange(5)


def load(tmp_path: Path, images: np.ndarray, **settings):
    path = str(tmp_path / "a.npz")
    np.savez(path, images=images)
    return Npz(train=path, test=path, **settings).load("train", None)


@pytest.mark.parametrize(
    ("layout", "axes", "grey"),
    [
        ("nhwc", (0, 1, 2, 3), (0, 1, 2)),
        ("nchw", (0, 3, 1, 2), (0, 1, 2)),
        ("hwcn", (1, 2, 3, 0), (1, 2, 0)),
    ],
)
def test_axes_in_any_order(tmp_path, layout, axes, grey):
    colour = load(tmp_path, BYTES.transpose(axes), layout=layout)
    assert colour.shape == (4, 3, 2)
    np.testing.assert_allclose(colour.read(ALL), BYTES / 255, rtol=1e-6)
    one = load(tmp_path, BYTES[..., 0].transpose(grey), layout=layout)
    assert one.shape == (4, 3, 1)
    np.testing.assert_allclose(one.read(ALL)[..., 0], BYTES[..., 0] / 255, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_declared_range_becomes_0_to_1(tmp_path, dtype):
    images = (BYTES.astype(dtype) - 60) * 1000
    split = load(tmp_path, images, range=(-60000.0, 60000.0))
    read = split.read(ALL)
    assert read.min() == 0
    np.testing.assert_allclose(read, (images + 60000) / 120000, atol=1e-6)


def test_bytes_may_have_a_range_too(tmp_path):
    np.testing.assert_allclose(load(tmp_path, BYTES, range=(0.0, 128.0)).read(ALL), BYTES / 128)


@pytest.mark.parametrize("limits", [(0.0, 100.0), (1.0, 255.0)])
def test_what_lies_outside_the_range_is_refused(tmp_path, limits):
    with pytest.raises(DataError, match="hold numbers from 0 to 119, outside") as caught:
        load(tmp_path, BYTES, range=limits)
    assert caught.value.problem.field == "data.range"


def test_floats_that_are_bytes_need_a_word(tmp_path):
    floats = BYTES.astype(np.float32)
    with pytest.raises(DataError, match=r"from 0 to 119, expected about 0 to 1: .*\[0, 119\]"):
        load(tmp_path, floats)
    np.testing.assert_array_equal(load(tmp_path, floats, scale=1.0).read(ALL), floats)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, 2.5])
def test_a_single_wild_number_is_found(tmp_path, bad):
    floats = BYTES / 255
    floats[3, 2, 1, 0] = bad
    with pytest.raises(DataError, match=f"{bad:g}"):
        load(tmp_path, floats)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"range": (0.0, 1.0), "scale": 1.0}, "either a range or a scale"),
        ({"range": (1.0, 1.0)}, "must ascend"),
        ({"layout": "whcn"}, "nhwc"),
    ],
)
def test_settings_that_make_no_sense(settings, told):
    with pytest.raises(ValidationError, match=told):
        Npz(train="a.npz", **settings)
