"""Means that are rows of the first images."""

from __future__ import annotations

import numpy as np
import pytest

from dcgraph.data.dataset import dataset_from_arrays
from dcgraph.errors import InputError
from dcgraph.graph.load import load_graph
from dcgraph.layers import GaussianMixture
from dcgraph.rng import stream
from dcgraph.signal import Signal
from dcgraph.training.run import run


def prepared(ops, x, *, known=None, components=4, seed=0, dtype="float64", **settings):
    layer = GaussianMixture(components=components, **settings)
    params = layer.init([x.shape[1:]], stream(0, "gmm", "init"), dtype)
    signal = Signal(x.astype(dtype), known)
    return layer.prepare(ops, params, [signal], np.random.default_rng(seed))


def is_row_of(row, rows):
    return (rows == row).all(axis=-1).any()


@pytest.mark.parametrize("how", ["samples", "kmeans"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shared_means_are_patches_from_anywhere(ops, rng, how, dtype):
    x = rng.random((6, 3, 2, 5)).astype(dtype)
    params = prepared(ops, x, means_from=how, dtype=dtype)
    assert params["means"].shape == (1, 4, 5)
    assert params["means"].dtype == dtype
    assert all(is_row_of(mean, x.reshape(-1, 5)) for mean in params["means"][0])
    assert len(np.unique(params["means"][0], axis=0)) == 4


@pytest.mark.parametrize("how", ["samples", "kmeans"])
def test_means_of_a_position_are_patches_from_there(ops, rng, how):
    x = rng.random((6, 3, 2, 5))
    means = prepared(ops, x, means_from=how, share=False)["means"]
    assert means.shape == (6, 4, 5)
    for i in range(6):
        assert all(is_row_of(mean, x[:, i // 2, i % 2]) for mean in means[i])


def test_seeds_matter_and_repeat(ops, rng):
    x = rng.random((50, 1, 1, 3))
    first, again, other = (
        prepared(ops, x, means_from="samples", seed=seed)["means"] for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_kmeans_finds_a_rare_cluster_that_samples_miss(ops, rng):
    x = rng.normal(0, 0.01, (500, 1, 1, 2))
    x[7] = 5.0
    far = {}
    for how in ("samples", "kmeans"):
        means = [prepared(ops, x, means_from=how, seed=seed)["means"] for seed in range(20)]
        far[how] = np.mean([each.max() > 4 for each in means])
    assert far["kmeans"] == 1.0
    assert far["samples"] < 0.5


def test_rows_with_unknown_values_are_not_taken(ops, rng):
    x = rng.random((20, 1, 1, 3))
    known = np.ones(x.shape, bool)
    known[::2, ..., 1] = False
    means = prepared(ops, np.where(known, x, 0), known=known, means_from="samples")["means"]
    assert all(is_row_of(mean, x[1::2, 0, 0]) for mean in means[0])


def test_a_distant_input_has_its_offset_too(ops, rng):
    x = 200 + rng.random((20, 1, 1, 3))
    params = prepared(ops, x, means_from="samples")
    assert float(params["offset"]) == pytest.approx(200.5, abs=0.2)
    assert params["means"].min() > 199


def graph(components, **settings):
    document = {
        "name": "start",
        "nodes": {
            "image": {"type": "input", "shape": [4, 4, 1]},
            "low": {"type": "gmm", "components": 4},
            "fold": {"type": "folding", "kernel": 4},
            "top": {"type": "gmm", "components": components, "means_from": "samples", **settings},
        },
        "forward": ["image -> low -> fold -> top"],
        "train": {"batch_size": 10, "annealing": "off"},
    }
    return load_graph(document)


def test_more_images_are_looked_at_where_a_batch_is_too_few(rng):
    """36 means at one position: they can only come from at least 36 images."""
    images = rng.random((60, 4, 4, 1))
    record = run(graph(36, trainable=True), dataset_from_arrays(images, None, (4, 4, 1)))
    assert record.states["top"].updates == 6


def test_too_few_images_are_an_error_that_names_the_node(rng):
    images = rng.random((30, 4, 4, 1))
    with pytest.raises(InputError, match=r"'top': means_from: samples takes 36 .* hold 30 rows"):
        run(graph(36), dataset_from_arrays(images, None, (4, 4, 1)))


def test_a_node_that_waits_takes_its_means_when_it_begins(rng):
    """What comes up then is what the layer below has learned by then."""
    images = rng.random((60, 4, 4, 1))
    data = dataset_from_arrays(images, None, (4, 4, 1))
    early, late = (
        run(graph(4, delay=delay, optimizer={"type": "sgd", "rate": 1e-9, "rate_floor": 0.0}), data)
        for delay in (0.0, 0.5)
    )
    means = [record.states["top"].parameters["means"] for record in (early, late)]
    assert (means[0] != means[1]).any()
