import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcgraph.errors import InputError
from dcgraph.pictures.grid import comfortable_scale, image_grid

GAP = 64


def test_images_stand_row_by_row_with_gaps():
    images = np.stack([np.full((2, 3, 1), value, np.float32) for value in (0.0, 0.5, 1.0)])
    expected = np.full((7, 9), GAP, np.uint8)
    expected[1:3, 1:4] = 0
    expected[1:3, 5:8] = 128
    expected[4:6, 1:4] = 255
    np.testing.assert_array_equal(image_grid(images), expected)


def test_colour():
    picture = image_grid(np.array([[[[1.0, 0.0, 0.2]]]]), padding=0)
    assert picture.shape == (1, 1, 3)
    assert picture[0, 0].tolist() == [255, 0, 51]


def test_values_are_clipped_and_unknown_ones_are_mid_grey():
    images = np.array([-3.0, 7.0, np.nan, np.inf, -np.inf]).reshape(1, 1, 5, 1)
    assert image_grid(images, padding=0).tolist() == [[0, 255, 128, 255, 0]]
    assert np.isnan(images[0, 0, 2, 0])


@given(
    n=st.integers(1, 12),
    h=st.integers(1, 4),
    w=st.integers(1, 4),
    c=st.sampled_from([1, 3]),
    columns=st.integers(1, 15) | st.none(),
    scale=st.integers(1, 3),
    padding=st.integers(0, 2),
    seed=st.integers(0, 9),
)
def test_every_image_is_found_again(n, h, w, c, columns, scale, padding, seed):
    images = np.random.default_rng(seed).integers(0, 256, (n, h, w, c)).astype(np.uint8)
    picture = image_grid(images / 255, columns, scale, padding).reshape
    width = min(n, columns or int(np.ceil(np.sqrt(n))))
    rows = -(-n // width)
    step_y, step_x = h * scale + padding, w * scale + padding
    picture = picture(rows * step_y + padding, width * step_x + padding, c)
    for i, image in enumerate(images):
        top, left = (i // width) * step_y + padding, (i % width) * step_x + padding
        cell = picture[top : top + h * scale, left : left + w * scale]
        np.testing.assert_array_equal(cell, image.repeat(scale, axis=0).repeat(scale, axis=1))


@pytest.mark.parametrize("shape", [(3, 4, 4), (3, 4, 4, 2), (0, 4, 4, 1), (3, 0, 4, 1)])
def test_what_is_no_picture(shape):
    with pytest.raises(InputError, match=r"received shape \("):
        image_grid(np.zeros(shape))


@pytest.mark.parametrize("settings", [{"scale": 0}, {"columns": 0}, {"padding": -1}])
def test_sizes_that_cannot_be(settings):
    with pytest.raises(InputError, match="at least"):
        image_grid(np.zeros((1, 2, 2, 1)), **settings)


@pytest.mark.parametrize(("shape", "scale"), [((8, 8, 1), 7), ((28, 20, 1), 2), ((99, 9, 3), 1)])
def test_comfortable_scale(shape, scale):
    assert comfortable_scale(shape) == scale
