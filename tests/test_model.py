"""What a trained model can do, on the bundled digits."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

import dcgraph
from dcgraph.errors import InputError, ModelFileError, RequestError
from dcgraph.inference.readout import Readout

NODES: dict[str, Any] = {
    "image": {"type": "input", "shape": [8, 8, 1]},
    "fold1": {"type": "folding", "kernel": 3},
    "gmm1": {"type": "gmm", "components": 16},
    "fold2": {"type": "folding", "kernel": 6},
    "gmm2": {"type": "gmm", "components": 25, "delay": 0.1},
}
CLASSIFIED: dict[str, Any] = {
    "both": {"type": "concat"},
    "classifier": {
        "type": "classifier",
        "classes": 10,
        "delay": 0.3,
        "optimizer": {"type": "sgd", "rate": 2.0, "rate_floor": 0.0, "weight_decay": 1e-4},
        "annealing": {"type": "linear", "duration": 0.7},
    },
}
UP = "image -> fold1 -> gmm1 -> fold2 -> gmm2"
DOWN = "gmm2 -> fold2 -> gmm1 -> fold1 -> image"
TRAIN = {"epochs": 8, "seed": 3}
DATA = {"source": "digits", "outliers": [0]}


def plain_graph(**data):
    return {
        "name": "plain",
        "data": {**DATA, **data},
        "nodes": NODES,
        "forward": [UP],
        "train": TRAIN,
    }


def classified_graph(**data):
    return {
        "name": "classified",
        "data": {**DATA, **data},
        "nodes": NODES | CLASSIFIED,
        "forward": [UP, "gmm1 -> both", "gmm2 -> both", "both -> classifier"],
        "control": [f"classifier -> both -> {DOWN}"],
        "train": TRAIN,
    }


@pytest.fixture(scope="module")
def plain():
    return dcgraph.train(plain_graph())


@pytest.fixture(scope="module")
def classified():
    return dcgraph.train(classified_graph(outliers=[]))


@pytest.fixture(scope="module")
def digits():
    bunch = load_digits()
    chosen = np.arange(len(bunch.images)) % 5 == 4
    return (bunch.images[chosen] / 16).astype(np.float32)[..., None], bunch.target[chosen]


# a classifier on top


def test_training_a_classifier_changes_no_bit_of_a_mixture(plain):
    other = dcgraph.train(classified_graph())
    for name in ("gmm1", "gmm2"):
        states = plain.record.states[name], other.record.states[name]
        assert states[0].updates == states[1].updates
        assert states[0].annealing == states[1].annealing
        for part in ("parameters", "optimizer"):
            first, second = (getattr(state, part) for state in states)
            assert first.keys() == second.keys()
            for key, array in first.items():
                assert array.tobytes() == second[key].tobytes(), (name, key)
    assert "classifier" in other.record.states
    assert np.array_equal(plain.record.calibration["gmm2"], other.record.calibration["gmm2"])


def test_the_classifier_is_right_on_images_it_has_not_seen(classified, digits):
    images, labels = digits
    probabilities = classified.predict_proba(images)
    assert probabilities.shape == (len(images), 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    predicted = classified.predict(images)
    np.testing.assert_array_equal(predicted, probabilities.argmax(axis=1))
    accuracy = (predicted == labels).mean()
    assert accuracy > 0.9
    assert classified.record.metrics["classifier"]["accuracy"] == pytest.approx(accuracy)


def test_samples_of_a_label_are_what_the_classifier_takes_for_it(classified):
    labels = np.repeat(np.arange(10), 20)
    samples = classified.sample(200, label=labels, top=1, divisor=5)
    assert (classified.predict(samples) == labels).mean() > 0.7
    assert (classified.predict(classified.sample(200, top=1, divisor=5)) == labels).mean() < 0.3
    np.testing.assert_array_equal(
        classified.sample(3, label=4), classified.sample(3, label=[4, 4, 4])
    )


def test_confidence_reaches_the_control_signal(classified):
    sure = classified.sample(50, label=4, confidence=0.999)
    unsure = classified.sample(50, label=4, confidence=0.11)
    assert not np.array_equal(sure, unsure)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"label": 10}, "label 10 is no class: labels run from 0 to 9"),
        ({"label": [1, 2]}, "one integer or 3 of them"),
        ({"label": 1, "node": "gmm2"}, "node 'gmm2' is no classifier"),
        ({"label": 1, "control": np.ones((3, 1, 1, 10))}, "either a label or a control signal"),
        ({"node": "classifier"}, "give the labels"),
        ({"topp": 1}, "did you mean 'top'"),
        ({"sharpen": 5, "target": "fold1"}, "cannot sharpen towards 'fold1'"),
    ],
)
def test_samples_that_cannot_be(classified, arguments, told):
    with pytest.raises(RequestError, match=told):
        classified.sample(3, **arguments)


def test_a_model_without_a_classifier_knows_no_labels(plain, digits):
    for request in (
        lambda: plain.sample(1, label=1),
        lambda: plain.predict(digits[0]),
    ):
        with pytest.raises(RequestError, match="graph 'plain' has no classifier"):
            request()


# down


def test_a_prefix_of_the_samples_is_the_samples_of_a_prefix(plain):
    many = plain.sample(130, seed=9)
    np.testing.assert_allclose(plain.sample(30, seed=9), many[:30], atol=1e-6)
    np.testing.assert_array_equal(np.concatenate(list(plain.sample_batches(130, seed=9))), many)


def test_sharpening_raises_the_loss_of_its_target(plain):
    readout = Readout()
    plain.sample(20, sharpen=5, readout=readout)
    assert list(readout.nodes) == ["fold2", "fold1"]
    for node in readout.nodes.values():
        assert node.after.mean() > node.before.mean()
        assert (node.after >= node.before).all()


def test_sharpening_never_diverges(plain):
    """The default rate cannot overshoot, however many patches cover a pixel."""
    readout = Readout()
    samples = plain.sample(5, sharpen=300, readout=readout)
    assert np.isfinite(samples).all()
    assert all((node.after >= node.before - 1e-3).all() for node in readout.nodes.values())


def test_variants_resemble_their_images(plain, digits):
    images = digits[0][digits[1] != 0]
    variants = plain.variants(images, node="gmm2", top=1, divisor=5)
    assert variants.shape == images.shape
    own = np.square(variants - images).mean()
    other = np.square(variants - np.roll(images, 1, axis=0)).mean()
    assert own < 0.7 * other
    assert plain.variants(images[:4], n=3).shape == (3, *images[:4].shape)
    assert plain.variants(images[:4, ..., 0]).shape == images[:4, ..., 0].shape


def test_integrating_completes_better_than_zeros_and_than_chance(plain, digits):
    images = digits[0][digits[1] != 0]
    known = np.ones((8, 8), bool)
    known[4:] = False
    errors = {}
    for fill in (0.0, None):
        found = plain.inpaint(images, known, fill=fill, top=1, divisor=5)
        assert found.shape == images.shape
        np.testing.assert_array_equal(found[:, :4], images[:, :4])
        errors[fill] = np.square(found - images)[:, 4:].mean()
    assert errors[None] < errors[0.0]
    other = np.roll(images, 1, axis=0)
    assert errors[None] < 0.8 * np.square(other - images)[:, 4:].mean()
    assert plain.inpaint(images[:3], known, n=2).shape == (2, *images[:3].shape)


def test_what_cannot_be_completed(plain, digits):
    images = digits[0][:2]
    with pytest.raises(InputError, match="every pixel is known"):
        plain.inpaint(images)
    with pytest.raises(InputError, match="no known pixel"):
        plain.inpaint(np.full_like(images, np.nan))
    with pytest.raises(RequestError, match="nodes that can: gmm1, gmm2"):
        plain.inpaint(images, np.eye(8, dtype=bool), node="fold1")
    with pytest.raises(InputError, match="ask for at least 1"):
        plain.inpaint(images, np.eye(8, dtype=bool), n=0)


# up


def test_unknown_pixels_are_integrated_out_of_a_score(plain, digits):
    image = digits[0][5].astype(np.float64)
    image[2:5, 3] = np.nan
    found = plain.log_likelihood_map(image[None], "gmm1")[0]
    params = {
        name: array[0]
        for name, array in plain.record.states["gmm1"].parameters.items()
        if array.ndim
    }
    patch = image[1:4, 2:5].ravel()
    seen = ~np.isnan(patch)
    terms = norm.logpdf(
        patch[seen], params["means"][:, seen], 1 / params["precision_sqrt"][:, seen]
    )
    logits = params["weight_logits"]
    expected = logsumexp(terms.sum(axis=1) + logits) - logsumexp(logits)
    assert found[1, 2] == pytest.approx(expected, abs=1e-3)


def test_an_image_of_which_nothing_is_known_is_as_likely_as_any(plain):
    assert plain.log_likelihood(np.full((1, 8, 8, 1), np.nan)) == pytest.approx(0, abs=1e-5)


def test_outliers_are_found_by_all_that_tells_them(plain, digits):
    images, labels = digits
    outlier = labels == 0
    p = plain.p_values(images)
    assert (p <= 0.05)[~outlier].mean() < 0.15
    assert (p <= 0.05)[outlier].mean() > (p <= 0.05)[~outlier].mean()
    np.testing.assert_array_equal(plain.is_outlier(images, contamination=0.05), p <= 0.05)
    limit = plain.threshold(0.05)
    np.testing.assert_array_equal(plain.log_likelihood(images) <= limit, p <= 0.05)
    both = plain.p_values(images, ["gmm1", "gmm2"])
    assert ((both > 0) & (both <= 1)).all()
    combined = plain.combined_scores(images)
    assert roc_auc_score(outlier, -combined) > 0.6
    assert np.median(combined[~outlier]) == pytest.approx(0, abs=0.5)


def test_an_image_that_is_odd_in_one_place_is_found_by_its_least_likely_position(plain, digits):
    images = digits[0][digits[1] != 0][:50].copy()
    images[:, 2:4, 2:4] = 1 - images[:, 2:4, 2:4]
    least = plain.p_values(images, "gmm1.least")
    h, w, _ = plain.graph["gmm1"].shape
    assert h * w > 1
    maps = plain.log_likelihood_map(images, "gmm1")
    np.testing.assert_array_equal(plain.log_likelihood(images, "gmm1.least"), maps.min(axis=(1, 2)))
    limit = plain.threshold(0.05, "gmm1.least")
    np.testing.assert_array_equal(maps.min(axis=(1, 2)) <= limit, least <= 0.05)
    both = plain.combined_scores(images, ["gmm1", "gmm1.least"])
    alone = [plain.combined_scores(images, [name]) for name in ("gmm1", "gmm1.least")]
    np.testing.assert_allclose(both, np.mean(alone, axis=0))


def test_an_image_may_be_usual_for_the_model_and_not_for_its_component(plain, digits):
    images = digits[0]
    found = plain.log_likelihood(images, "gmm2.within")
    winners = plain.activities(images, "gmm2").reshape(len(images), -1).argmax(axis=1)
    calibration = plain.record.calibration
    means, deviations = (calibration[f"gmm2.within.{name}"] for name in ("means", "deviations"))
    scores = plain.log_likelihood(images, "gmm2")
    expected = (scores - means[winners]) / deviations[winners]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    limit = plain.threshold(0.05, "gmm2.within")
    np.testing.assert_array_equal(found <= limit, plain.p_values(images, "gmm2.within") <= 0.05)
    with pytest.raises(RequestError, match="compares log-likelihoods, not loss"):
        plain.log_likelihood(images, "gmm2.within", kind="loss")


@pytest.mark.parametrize(
    ("table", "values", "told"),
    [
        ("means", np.zeros(3), r"expected \(\d+,\)"),
        ("means", np.zeros(0), r"expected \(\d+,\)"),
        ("deviations", None, "should hold deviations above 0"),
    ],
)
def test_tables_that_fit_no_components_are_refused(plain, tmp_path, table, values, told):
    name = f"gmm2.within.{table}"
    values = 0 * plain.record.calibration[name] if values is None else values
    record = replace(plain.record, calibration={**plain.record.calibration, name: values})
    dcgraph.Model(record).save(tmp_path / "m.h5")
    with pytest.raises(ModelFileError, match=told):
        dcgraph.load(tmp_path / "m.h5")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gmm9.least", "gmm9"),
        ("gmm2.least", "has 1x1 positions"),
        ("gmm1.within", "gmm1, gmm1.least"),
        ("gmm1.most", "gmm1.most"),
    ],
)
def test_scores_that_no_node_has(plain, digits, name, told):
    with pytest.raises(RequestError, match=told):
        plain.log_likelihood(digits[0], name)


def test_training_images_are_flagged_as_often_as_the_contamination_says(plain):
    bunch = load_digits()
    train = (np.arange(len(bunch.images)) % 5 != 4) & (bunch.target != 0)
    images = (bunch.images[train] / 16).astype(np.float32)[..., None]
    for share in (0.01, 0.05, 0.3):
        assert plain.is_outlier(images, contamination=share).mean() == pytest.approx(
            share, abs=0.01
        )


def test_decisions_need_a_finished_training(plain, digits):
    record = replace(plain.record, calibration={})
    with pytest.raises(RequestError, match="finish it"):
        dcgraph.model.Model(record).p_values(digits[0])


def test_pixels_have_the_mean_score_of_what_sees_them(plain, digits):
    images = digits[0][:3]
    found = plain.pixel_maps(images, "gmm1")
    assert found.shape == (3, 8, 8)
    np.testing.assert_allclose(
        found[:, 0, 0], plain.log_likelihood_map(images, "gmm1")[:, 0, 0], rtol=1e-5
    )
    whole = plain.log_likelihood(images, "gmm2")
    np.testing.assert_allclose(plain.pixel_maps(images, "gmm2")[:, 4, 4], whole, rtol=1e-5)


def test_images_on_another_scale_are_refused(plain, digits):
    with pytest.raises(InputError, match="trained on pixels from 0 to 1"):
        plain.log_likelihood(digits[0] * 255)


def test_a_pickled_model_scores_and_draws_the_same(plain, digits):
    again = pickle.loads(pickle.dumps(plain))
    images, _ = digits
    assert np.array_equal(again.log_likelihood(images[:9]), plain.log_likelihood(images[:9]))
    assert np.array_equal(again.sample(3, seed=1), plain.sample(3, seed=1))
