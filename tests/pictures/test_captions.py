"""Words beside pictures."""

from __future__ import annotations

import numpy as np
import pytest

from dcgraph.errors import InputError
from dcgraph.pictures.captions import captioned
from dcgraph.pictures.grid import image_grid


@pytest.mark.parametrize("channels", [1, 3])
def test_the_picture_stays_as_it_is_below_and_right_of_the_words(rng, channels):
    picture = image_grid(rng.random((6, 20, 20, channels)), 3)
    made = captioned(picture, columns=["a", "b", "c"], rows=["first", "second"])
    h, w = picture.shape[:2]
    np.testing.assert_array_equal(made[-h:, -w:], picture)
    assert made.dtype == np.uint8
    assert made.ndim == picture.ndim
    top, left = made[: made.shape[0] - h], made[:, : made.shape[1] - w]
    assert len(np.unique(top)) > 2  # something is written
    assert len(np.unique(left)) > 2


def test_words_on_one_side_alone(rng):
    picture = image_grid(rng.random((4, 20, 20, 1)), 2)
    assert captioned(picture, columns=["a", "b"]).shape[1] == picture.shape[1]
    assert captioned(picture, rows=["a", "b"]).shape[0] == picture.shape[0]
    np.testing.assert_array_equal(captioned(picture), picture)


def test_long_words_are_cut_to_their_column(rng):
    picture = image_grid(rng.random((2, 20, 20, 1)), 2)
    long = captioned(picture, columns=["a" * 99, ""])
    background = captioned(picture, columns=["", ""])
    second = long.shape[1] // 2 + 1
    np.testing.assert_array_equal(long[:, second:], background[:, second:])


@pytest.mark.parametrize("words", [{"columns": ["a", "b", "c"]}, {"rows": ["a", "b", "c"]}])
def test_as_many_words_as_there_are_columns_and_rows(rng, words):
    picture = image_grid(rng.random((4, 21, 21, 1)), 2)
    with pytest.raises(InputError, match=r"no 3 (columns|rows) of equal size"):
        captioned(picture, **words)
