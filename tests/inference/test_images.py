"""Images from outside."""

from __future__ import annotations

import numpy as np
import pytest
from builders import chain_of

from dcgraph.errors import InputError
from dcgraph.inference.images import checked_images
from dcgraph.layers import GaussianMixture


@pytest.fixture
def graph():
    return chain_of((4, 3, 1), {"gmm": GaussianMixture(components=4)}, dtype="float32")


def test_bytes_are_scaled_floats_are_taken_as_they_are(graph):
    levels = np.full((2, 4, 3, 1), 51, np.uint8)
    found = checked_images(graph, levels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, 0.2)
    floats = np.full((2, 4, 3, 1), 0.2)
    assert checked_images(graph, floats) is floats
    np.testing.assert_array_equal(checked_images(graph, levels > 60), np.zeros((2, 4, 3, 1)))


def test_the_only_channel_may_be_left_out(graph):
    assert checked_images(graph, np.zeros((2, 4, 3))).shape == (2, 4, 3, 1)
    assert checked_images(graph, np.zeros((2, 4, 3)).tolist()).shape == (2, 4, 3, 1)


def test_nan_means_unknown(graph):
    images = np.zeros((2, 4, 3, 1))
    images[0] = np.nan
    assert np.isnan(checked_images(graph, images, (0.0, 1.0))[0]).all()
    assert np.isnan(checked_images(graph, np.full((1, 4, 3, 1), np.nan), (0.0, 1.0))).all()


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (np.zeros((4, 3, 1)), r"\(n, 4, 3, 1\) with n at least 1, received \(4, 3, 1\)"),
        (np.zeros((2, 3, 4, 1)), r"received \(2, 3, 4, 1\)"),
        (np.zeros((0, 4, 3, 1)), r"received \(0, 4, 3, 1\)"),
        (0.5, r"received \(\)"),
        ([[0.0], [0.0, 1.0]], "cannot be made into an array"),
        (np.zeros((2, 4, 3, 1), np.int64), "uint8.*received dtype int64: convert"),
        (np.zeros((2, 4, 3, 1), complex), "received dtype complex128"),
        (np.full((2, 4, 3, 1), "a"), "received dtype <U1"),
        (np.full((2, 4, 3, 1), np.inf), "infinite pixels; use NaN"),
    ],
)
def test_images_that_cannot_be(graph, images, told):
    with pytest.raises(InputError, match=told) as caught:
        checked_images(graph, images)
    assert caught.value.problem.node == "image"


def test_pixels_on_another_scale_than_the_training_images(graph):
    noisy = np.linspace(-2, 3, 12).reshape(1, 4, 3, 1)
    assert checked_images(graph, noisy, (0.0, 1.0)) is noisy
    with pytest.raises(InputError, match=r"from 0 to 255, .* from 0 to 1: scale them"):
        checked_images(graph, np.linspace(0, 255, 12).reshape(1, 4, 3, 1), (0.0, 1.0))
    shifted = np.full((1, 4, 3, 1), 200.0)
    assert checked_images(graph, shifted, (199.0, 201.0)) is shifted
