"""Numbers as colours."""

from __future__ import annotations

import numpy as np

from dcgraph.pictures.grid import UNKNOWN
from dcgraph.pictures.heat import heat


def test_higher_is_lighter():
    maps = np.linspace(-50, 20, 12).reshape(1, 3, 4)
    light = heat(maps, -50, 20).sum(axis=3).ravel()
    assert (np.diff(light) > 0).all()


def test_colours_are_the_same_for_all_maps():
    maps = np.stack([np.zeros((2, 2)), np.ones((2, 2))])
    colours = heat(maps)
    assert colours.shape == (2, 2, 2, 3)
    assert not np.array_equal(colours[0], colours[1])
    np.testing.assert_array_equal(heat(maps[:1], 0, 1), colours[:1])


def test_what_is_not_known_is_grey():
    maps = np.array([[[np.nan, 1.0, 2.0]]])
    np.testing.assert_array_equal(heat(maps)[0, 0, 0], [UNKNOWN] * 3)
    np.testing.assert_array_equal(heat(maps * np.nan), np.full((1, 1, 3, 3), UNKNOWN))


def test_a_map_without_differences_and_values_beyond_the_ends():
    assert np.isfinite(heat(np.full((1, 2, 2), 7.0))).all()
    colours = heat(np.array([[[-1e9, 0.0, 1e9]]]), -1, 1)
    assert ((colours >= 0) & (colours <= 1)).all()
