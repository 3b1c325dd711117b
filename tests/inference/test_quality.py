"""Nearest training images and diversity."""

from __future__ import annotations

import numpy as np
import pytest

from dcgraph.errors import InputError
from dcgraph.inference.quality import diversity, nearest_images


def test_the_nearest_image_is_found_in_any_block(rng):
    training = rng.random((50, 4, 3, 2)).astype(np.float32)
    samples = training[[7, 31, 49]] + np.float32(0.01)
    samples = np.clip(samples, 0, 1)
    for size in (50, 20, 1):
        blocks = (training[i : i + size] for i in range(0, 50, size))
        found = nearest_images(samples, blocks)
        assert found.places.tolist() == [7, 31, 49]
        np.testing.assert_array_equal(found.images, training[[7, 31, 49]])
        expected = np.sqrt(np.square(samples - training[[7, 31, 49]]).mean(axis=(1, 2, 3)))
        np.testing.assert_allclose(found.distances, expected, rtol=1e-4)


def test_samples_are_compared_as_pictures_show_them():
    training = np.ones((1, 2, 2, 1), np.float32)
    assert nearest_images(training * 7, [training]).distances == pytest.approx([0])


def test_nothing_is_nearest_to_nothing():
    with pytest.raises(InputError, match="no training images"):
        nearest_images(np.zeros((1, 2, 2, 1)), [])


def test_diversity_is_the_mean_distance_of_two(rng):
    images = rng.random((6, 3, 3, 1))
    expected = [
        np.sqrt(np.square(images[i] - images[j]).mean()) for i in range(6) for j in range(i)
    ]
    assert diversity(images) == pytest.approx(np.mean(expected))
    assert diversity(np.repeat(images[:1], 5, axis=0)) == 0
    assert diversity(images[:1]) == 0
