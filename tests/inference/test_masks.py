"""Masks of known pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcgraph.errors import InputError
from dcgraph.inference.masks import SIDES, box_mask, half_mask, random_mask

sizes = st.integers(1, 9)


@given(h=st.integers(2, 9), w=st.integers(2, 9))
def test_a_half_is_unknown_and_the_middle_of_an_odd_number_known(h, w):
    left, right = half_mask((h, w, 1), "left"), half_mask((h, w, 1), "right")
    assert not left[:, : w // 2].any()
    assert left[:, w // 2 :].all()
    np.testing.assert_array_equal(right, left[:, ::-1])
    top, bottom = half_mask((h, w, 1), "top"), half_mask((h, w, 1), "bottom")
    assert not top[: h // 2].any()
    assert top[h // 2 :].all()
    np.testing.assert_array_equal(bottom, top[::-1])


def test_there_are_four_halves():
    assert SIDES == ("left", "right", "top", "bottom")
    with pytest.raises(InputError, match="received 'middle'"):
        half_mask((4, 4, 1), "middle")


def test_a_box_is_unknown():
    known = box_mask((5, 6, 1), 1, 2, 3, 4)
    assert not known[1:4, 2:6].any()
    assert (~known).sum() == 12


@pytest.mark.parametrize("box", [(-1, 0, 2, 2), (0, 0, 0, 2), (4, 0, 2, 2), (0, 5, 1, 2)])
def test_a_box_outside_the_image(box):
    with pytest.raises(InputError, match="does not lie in an image of 5x6"):
        box_mask((5, 6, 1), *box)


@given(h=sizes, w=st.integers(2, 9), share=st.floats(0.01, 0.99))
def test_a_share_of_the_pixels_is_unknown(h, w, share):
    masks = random_mask((h, w, 3), 4, share, seed=1)
    assert masks.shape == (4, h, w)
    unknown = (~masks).sum(axis=(1, 2))
    assert len(set(unknown.tolist())) == 1
    assert 1 <= unknown[0] < h * w
    assert abs(unknown[0] - share * h * w) <= 1


def test_random_masks_differ_and_depend_on_their_number_alone():
    masks = random_mask((8, 8, 1), 5, 0.5, seed=1)
    assert not np.array_equal(masks[0], masks[1])
    np.testing.assert_array_equal(random_mask((8, 8, 1), 2, 0.5, seed=1), masks[:2])
    assert not np.array_equal(random_mask((8, 8, 1), 1, 0.5, seed=2)[0], masks[0])


@pytest.mark.parametrize("share", [0, 1, -1, np.nan])
def test_shares_that_cannot_be(share):
    with pytest.raises(InputError, match="between 0 and 1"):
        random_mask((4, 4, 1), 1, share, seed=0)
