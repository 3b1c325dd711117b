"""Scores laid back onto the pixels."""

from __future__ import annotations

import numpy as np
import pytest
from builders import chain_of, graph_of, scheduler_of

from dcgraph.errors import RequestError
from dcgraph.inference import maps
from dcgraph.inference.maps import pixel_maps
from dcgraph.layers import Concat, Folding, GaussianMixture, Input, Pooling


def test_a_pixel_has_the_mean_of_the_patches_it_is_part_of(ops):
    graph = chain_of(
        (1, 4, 1), {"fold": Folding(kernel=(1, 2)), "gmm": GaussianMixture(components=4)}
    )
    found = pixel_maps(scheduler_of(graph, ops), np.array([[[2.0, 4.0, -1.0]]]), "gmm")
    np.testing.assert_allclose(found, [[[2, 3, 1.5, -1]]])


def test_a_pixel_that_no_patch_sees_is_nan(ops):
    graph = chain_of(
        (2, 5, 3), {"fold": Folding(kernel=2, stride=3), "gmm": GaussianMixture(components=4)}
    )
    found = pixel_maps(scheduler_of(graph, ops), np.array([[[2.0, 4.0]]]), "gmm")
    np.testing.assert_array_equal(found, [[[2, 2, np.nan, 4, 4]] * 2])


def test_a_map_goes_down_through_pooling_and_lower_mixtures(ops, rng, monkeypatch):
    graph = chain_of(
        (7, 7, 1),
        {
            "fold1": Folding(kernel=2),
            "gmm1": GaussianMixture(components=4),
            "pool": Pooling(kernel=2),
            "fold2": Folding(kernel=2),
            "gmm2": GaussianMixture(components=4),
        },
    )
    scheduler = scheduler_of(graph, ops)
    given = rng.random((5, 2, 2))
    found = pixel_maps(scheduler, given, "gmm2")
    assert found.shape == (5, 7, 7)
    corners = found[:, [0, 0, 6, 6], [0, 6, 0, 6]]
    np.testing.assert_allclose(corners, given.reshape(5, 4))
    np.testing.assert_allclose(found[:, 3, 3], given.mean(axis=(1, 2)))
    np.testing.assert_allclose(pixel_maps(scheduler, np.ones((1, 2, 2)), "gmm2"), 1)
    monkeypatch.setattr(maps, "BATCH", 2)
    np.testing.assert_array_equal(pixel_maps(scheduler, given, "gmm2"), found)


def test_a_map_cannot_be_divided_between_inputs(ops):
    graph = graph_of(
        {
            "image": (Input(shape=(2, 2, 1)), ()),
            "gmm1": (GaussianMixture(components=4), ("image",)),
            "join": (Concat(mode="channels"), ("image", "gmm1")),
            "gmm2": (GaussianMixture(components=4), ("join",)),
        },
        control=[],
    )
    with pytest.raises(RequestError, match="node 'join' below it has 2 inputs"):
        pixel_maps(scheduler_of(graph, ops), np.ones((1, 2, 2)), "gmm2")
