"""Forty steps of a whole graph, held against the published step written out independently."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from published import Annealed, Classifier, Mixture, patches

from dcgraph.data.batches import epoch_batches
from dcgraph.data.dataset import Dataset, dataset_from_arrays
from dcgraph.graph.graph import Graph
from dcgraph.graph.load import load_graph
from dcgraph.storage.record import ModelRecord
from dcgraph.training.run import run
from dcgraph.training.start import new_record

SHAPE, BATCH, STEPS = (5, 6, 1), 8, 40
RATE, RATE_FLOOR, FLOOR, PERIOD = 0.05, 0.01, 0.01, 5
FACTORS = {"means": 1.0, "precision_sqrt": 0.1, "weight_logits": 0.2}
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}


def graph(dtype: str, *, share: bool, factors: dict[str, float] = FACTORS) -> Graph:
    annealing = {"type": "stationarity", "period": PERIOD, "floor": FLOOR}
    optimizer = {"type": "sgd", "rate": RATE, "rate_floor": RATE_FLOOR, "factors": factors}
    return load_graph(
        {
            "name": "forty",
            "nodes": {
                "image": {"type": "input", "shape": list(SHAPE)},
                "fold1": {"type": "folding", "kernel": 3, "stride": 1},
                "gmm1": {"type": "gmm", "components": 9, "share": share},
                "fold2": {"type": "folding", "kernel": 3},
                "gmm2": {"type": "gmm", "components": 4, "delay": 0.25},
                "classifier": {
                    "type": "classifier",
                    "classes": 3,
                    "optimizer": {"type": "sgd", "rate": 0.05, "rate_floor": 0.05, "factors": {}},
                },
            },
            "forward": ["image -> fold1 -> gmm1 -> fold2 -> gmm2 -> classifier"],
            "train": {
                "epochs": 4,
                "batch_size": BATCH,
                "dtype": dtype,
                "optimizer": optimizer,
                "annealing": annealing,
            },
        }
    )


@pytest.fixture(scope="module")
def data() -> Dataset:
    """80 images of three kinds: ten batches of eight, four times."""
    rng = np.random.default_rng(5)
    labels = np.arange(80) % 3
    images = 0.4 * rng.random((3, *SHAPE))[labels] + 0.3 * rng.random((80, *SHAPE))
    return dataset_from_arrays(images.astype("f4"), labels, SHAPE)


def mixture(
    record: ModelRecord, name: str, *, over_positions: bool = False, **given: Any
) -> Mixture:
    """Return the published layer with the parameters a record begins with."""
    params = record.states[name].parameters
    mu, root, logits = (
        params[key].astype(np.float64) for key in ("means", "precision_sqrt", "weight_logits")
    )
    start = np.sqrt(2 * mu.shape[1]) / 4
    return Mixture(
        mu,
        root,
        logits,
        Annealed(start, RATE, FLOOR, RATE_FLOOR, PERIOD),
        rate_root=FACTORS["precision_sqrt"],
        rate_weights=given.get("rate_weights", FACTORS["weight_logits"]),
        over_positions=over_positions,
    )


def published(
    record: ModelRecord, data: Dataset
) -> tuple[dict[str, Any], list[float], list[float]]:
    """Take forty published steps; return the layers and the losses of both mixtures."""
    layers: dict[str, Any] = {name: mixture(record, name) for name in ("gmm1", "gmm2")}
    params = record.states["classifier"].parameters
    layers["classifier"] = Classifier(
        params["weights"].astype(np.float64), params["bias"].astype(np.float64), 0.05
    )
    low, high = [], []
    step = 0
    for epoch in range(4):
        for batch in epoch_batches(data.train, BATCH, seed=record.seed, epoch=epoch):
            x = patches(batch.images.astype(np.float64), 3, 1)
            activity = layers["gmm1"].forward(x)
            low.append(layers["gmm1"].step(x))
            x = patches(activity, 3, 1)
            activity = layers["gmm2"].forward(x)
            if step >= STEPS / 4:  # the upper layer waits
                high.append(layers["gmm2"].step(x))
            layers["classifier"].step(activity, batch.labels)
            step += 1
    assert step == STEPS
    return layers, low, high


def ours(record: ModelRecord, name: str) -> dict[str, Any]:
    return record.states[name].parameters


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_parameters_after_forty_steps(ops, data, dtype, share):
    checked = graph(dtype, share=share)
    fresh = new_record(checked, ops, steps_per_epoch=10)
    record = run(checked, data)
    assert record.step == STEPS
    layers, low, high = published(fresh, data)
    assert len(high) == 30
    tolerance = TOLERANCE[dtype]
    for name in ("gmm1", "gmm2"):
        expected, annealed = layers[name], layers[name].annealed
        for key, array in (
            ("means", expected.mu),
            ("precision_sqrt", expected.root),
            ("weight_logits", expected.logits),
        ):
            largest = np.abs(array).max()
            np.testing.assert_allclose(
                ours(record, name)[key], array, rtol=0, atol=tolerance * max(1, largest)
            )
        state = record.states[name].annealing
        assert state["sigma"] == pytest.approx(annealed.sigma, rel=1e-12)
        assert max(RATE * state["decay"], RATE_FLOOR) == pytest.approx(annealed.rate, rel=1e-12)
    for key, array in (
        ("weights", layers["classifier"].weights),
        ("bias", layers["classifier"].bias),
    ):
        np.testing.assert_allclose(ours(record, "classifier")[key], array, atol=tolerance)
    history = record.history["gmm1"]
    steps = np.array(history["step"]) - 1
    np.testing.assert_allclose(history["loss"], np.array(low)[steps], rtol=tolerance * 10)
    assert layers["gmm1"].annealed.sigma < np.sqrt(18) / 4  # the rule has fired


def test_weights_normalised_over_positions_shift_the_loss_and_no_more(ops, data):
    """The published weights of a position sum to 1/(h w): its loss is lower by log(h w)."""
    checked = graph("float64", share=False, factors={**FACTORS, "weight_logits": 0.0})
    fresh = new_record(checked, ops, steps_per_epoch=10)
    clean, quirky = (
        mixture(fresh, "gmm1", over_positions=quirk, rate_weights=0.0) for quirk in (False, True)
    )
    gaps = []
    for batch in epoch_batches(data.train, BATCH, seed=0, epoch=0):
        x = patches(batch.images.astype(np.float64), 3, 1)
        gaps.append(clean.step(x) - quirky.step(x))
    np.testing.assert_allclose(gaps, np.log(3 * 4), rtol=1e-12)
    np.testing.assert_array_equal(clean.mu, quirky.mu)


def test_learned_weights_hardly_differ_by_the_published_normalisation(ops, data):
    checked = graph("float64", share=False)
    fresh = new_record(checked, ops, steps_per_epoch=10)
    clean, quirky = (mixture(fresh, "gmm1", over_positions=quirk) for quirk in (False, True))
    for epoch in range(2):
        for batch in epoch_batches(data.train, BATCH, seed=0, epoch=epoch):
            x = patches(batch.images.astype(np.float64), 3, 1)
            gap = clean.step(x) - quirky.step(x)
    assert gap == pytest.approx(np.log(3 * 4), abs=0.01)
    shares = quirky.weights().sum(axis=1)
    np.testing.assert_allclose(shares, 1 / 12, rtol=0.02)
