from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dcgraph.data.fitting import check_fit, fitted
from dcgraph.errors import DataError

sides = st.integers(1, 40)


def by_pillow(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return an (h, w) image that Pillow resized along lines."""
    resized = Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def areas(images: np.ndarray, wanted: int, axis: int) -> np.ndarray:
    """Return images shrunk along an axis: each pixel cut in `wanted` parts, means of runs."""
    size = images.shape[axis]
    parts = np.moveaxis(np.repeat(images.astype(np.float64), wanted, axis), axis, -1)
    means = parts.reshape(*parts.shape[:-1], wanted, size).mean(axis=-1)
    return np.moveaxis(means, -1, axis)


class TestResize:
    @given(sides, sides, st.integers(0, 30), st.integers(0, 30), st.integers(1, 3))
    def test_growing_agrees_with_pillow(
        self, rng: np.random.Generator, h: int, w: int, more: int, wider: int, c: int
    ) -> None:
        images = rng.random((2, h, w, c), dtype=np.float32)
        grown = fitted(images, (h + more, w + wider, c), "resize")
        assert grown.dtype == np.float32
        for image, result in zip(images, grown, strict=True):
            for channel in range(c):
                expected = by_pillow(image[:, :, channel], h + more, w + wider)
                np.testing.assert_allclose(result[:, :, channel], expected, atol=2e-6)

    @given(sides, sides, st.floats(0.01, 1), st.floats(0.01, 1), st.integers(1, 3))
    def test_shrinking_averages_what_a_new_pixel_covers(
        self, rng: np.random.Generator, h: int, w: int, lower: float, narrower: float, c: int
    ) -> None:
        height, width = max(1, int(lower * h)), max(1, int(narrower * w))
        images = rng.random((2, h, w, c), dtype=np.float32)
        shrunk = fitted(images, (height, width, c), "resize")
        assert shrunk.dtype == np.float32
        expected = areas(areas(images, height, 1), width, 2)
        np.testing.assert_allclose(shrunk, expected, atol=2e-6)
        np.testing.assert_allclose(shrunk.mean(axis=(1, 2)), images.mean(axis=(1, 2)), atol=1e-5)

    def test_one_side_can_shrink_while_the_other_grows(self, rng: np.random.Generator) -> None:
        images = rng.random((1, 9, 4, 1), dtype=np.float32)
        expected = by_pillow(areas(images, 6, 1)[0, :, :, 0].astype(np.float32), 6, 10)
        resized = fitted(images, (6, 10, 1), "resize")
        np.testing.assert_allclose(resized[0, :, :, 0], expected, atol=2e-6)

    @given(sides, sides, sides, sides)
    def test_even_images_stay_even(self, h: int, w: int, height: int, width: int) -> None:
        images = np.full((1, h, w, 1), 0.75, np.float32)
        resized = fitted(images, (height, width, 1), "resize")
        np.testing.assert_allclose(resized, 0.75, rtol=1e-5)

    def test_halving_a_checkerboard_gives_its_mean(self) -> None:
        board = (np.indices((16, 16)).sum(axis=0) % 2).astype(np.float32)
        resized = fitted(board[None, :, :, None], (8, 8, 1), "resize")
        np.testing.assert_allclose(resized, 0.5, atol=1e-6)

    def test_images_of_the_wanted_size_are_left_alone(self, rng: np.random.Generator) -> None:
        images = rng.random((3, 5, 7, 2), dtype=np.float32)
        assert fitted(images, (5, 7, 2), "resize") is images

    def test_unknown_pixels_spread_and_do_not_vanish(self) -> None:
        images = np.zeros((1, 4, 4, 1), np.float32)
        images[0, 1, 1, 0] = np.nan
        assert np.isnan(fitted(images, (6, 6, 1), "resize")).any()


class TestPad:
    @given(sides, sides, st.integers(0, 9), st.integers(0, 9))
    def test_the_image_stands_in_the_middle_of_zeros(
        self, rng: np.random.Generator, h: int, w: int, more: int, wider: int
    ) -> None:
        images = 1 + rng.random((2, h, w, 1), dtype=np.float32)
        padded = fitted(images, (h + more, w + wider, 1), "pad")
        assert padded.dtype == np.float32
        assert (padded != 0).sum() == images.size
        rows, columns = (np.flatnonzero((padded[0, :, :, 0] != 0).any(axis=a)) for a in (1, 0))
        np.testing.assert_array_equal(
            padded[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], images
        )
        for first, last, size in (
            (rows[0], rows[-1], more + h),
            (columns[0], columns[-1], wider + w),
        ):
            before, after = first, size - 1 - last
            assert after - before in (0, 1)


class TestCheck:
    @pytest.mark.parametrize(
        ("images", "wanted", "fit"),
        [
            ((28, 28, 1), (28, 28, 1), "error"),
            ((28, 28, 1), (32, 30, 1), "pad"),
            ((28, 28, 1), (28, 28, 1), "pad"),
            ((28, 28, 1), (8, 40, 1), "resize"),
        ],
    )
    def test_what_can_be_fitted_passes(self, images: Any, wanted: Any, fit: Any) -> None:
        check_fit(images, wanted, fit)
        assert fitted(np.zeros((1, *images), np.float32), wanted, fit).shape == (1, *wanted)

    @pytest.mark.parametrize(
        ("images", "wanted", "fit", "message"),
        [
            ((28, 28, 1), (8, 8, 1), "error", "are 28x28x1, .* is 8x8x1: .* data.fit to resize or"),
            ((28, 28, 1), (32, 20, 1), "pad", "cannot be padded to 32x20x1, which is smaller: use"),
            ((28, 28, 1), (20, 32, 1), "pad", "cannot be padded"),
            ((32, 32, 3), (32, 32, 1), "resize", "give the input 3 channels"),
            ((28, 28, 1), (28, 28, 3), "pad", "give the input 1 channel$"),
        ],
    )
    def test_what_cannot_is_refused(self, images: Any, wanted: Any, fit: Any, message: str) -> None:
        with pytest.raises(DataError, match=message) as caught:
            check_fit(images, wanted, fit)
        assert caught.value.problem.field == "data.fit"
