import numpy as np
import pytest

from dcgraph.pictures.pixels import as_pixels


def test_the_training_pixels_range_becomes_black_to_white(rng):
    images = rng.uniform(-3, 5, (4, 6, 5, 3))
    np.testing.assert_allclose(as_pixels(images, (-3.0, 5.0)), (images + 3) / 8)
    np.testing.assert_array_equal(as_pixels(images, None), images)


def test_a_range_that_is_one_value_does_not_divide_by_nothing():
    assert np.isfinite(as_pixels(np.full((1, 2, 2, 1), 7.0), (7.0, 7.0))).all()


@pytest.mark.parametrize("channels", [2, 4, 7])
def test_channels_that_are_no_colours_lie_side_by_side(rng, channels):
    images = rng.uniform(size=(2, 3, 4, channels))
    pixels = as_pixels(images, None)
    assert pixels.shape == (2, 3, 4 * channels, 1)
    np.testing.assert_array_equal(pixels[1, 2, channels : 2 * channels, 0], images[1, 2, 1])
