"""Each evaluation on one small trained model: its values against direct computation, its figure."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from dcgraph.data.dataset import open_dataset
from dcgraph.graph.load import load_graph
from dcgraph.inference.masks import half_mask
from dcgraph.inference.quality import diversity
from dcgraph.model import Model
from dcgraph.plugin.load import installed_plugins
from dcgraph.study.evaluations import evaluations
from dcgraph.study.evaluations.base import Finding, Subject, Trace, images_of
from dcgraph.training.run import run


@pytest.fixture(scope="module")
def subject() -> Subject:
    settings = ["data.source=digits", "data.outliers=[0]", "data.limit=400", "train.epochs=2"]
    graph = load_graph("F(3,1)-G(9)-P(2,2)-F(3,1)-G(16)", overrides=settings)
    dataset = open_dataset(graph.data, (8, 8, 1), None)
    whole = open_dataset(load_graph("F(8,1)-G(4)", overrides=settings[:1]).data, (8, 8, 1), None)
    trace = Trace()
    record = run(graph, dataset, observers=[trace], evaluate_every=0.5)
    return Subject(Model(record), dataset, trace, installed_plugins(), lambda: whole)


def findings(measured, graphs=("A", "B"), columns=("digits",)):
    return [
        Finding(graph, column, 0, measured.values, measured.arrays)
        for graph in graphs
        for column in columns
    ]


def asked(subject, name, **settings):
    evaluation = evaluations()[name](**settings)
    return evaluation, evaluation.measure(subject)


def test_every_evaluation_says_its_name_and_stands_in_one_list():
    assert list(evaluations()) == [
        "alphabet",
        "combined",
        "dynamics",
        "frechet",
        "inpainting",
        "judged",
        "metrics",
        "roc",
        "samples",
        "sharpening",
    ]


def test_a_combined_score_is_a_weighted_mean_of_z_scores(subject):
    _, measured = asked(subject, "combined", weights={"gmm2": 1, "gmm1": -0.5})
    held_out = subject.held_out()
    z = {
        node: subject.model.combined_scores(images_of(held_out), [node])
        for node in ("gmm1", "gmm2")
    }
    auc = roc_auc_score(held_out.outlier, -(z["gmm2"] - 0.5 * z["gmm1"]))
    assert measured.values == {"combined": {"auc": pytest.approx(auc)}}


def test_a_combined_score_may_be_the_least(subject):
    _, measured = asked(subject, "combined", weights={"gmm2": 1, "gmm1": 1}, combine="least")
    held_out = subject.held_out()
    images = images_of(held_out)
    z = [subject.model.combined_scores(images, [node]) for node in ("gmm1", "gmm2")]
    auc = roc_auc_score(held_out.outlier, -np.minimum(*z))
    assert measured.values == {"combined": {"auc": pytest.approx(auc)}}


def test_roc_keeps_scores_and_draws_their_curve(subject):
    evaluation, measured = asked(subject, "roc")
    outlier = measured.arrays["outlier"]
    auc = roc_auc_score(outlier, -measured.arrays["gmm2"])
    assert auc == pytest.approx(subject.model.record.metrics["gmm2"]["auc"], abs=1e-4)
    drawn = dict(evaluation.draw(findings(measured)))
    assert list(drawn) == ["roc-A-digits", "roc-B-digits"]
    assert f"gmm2, AUC {auc:.4f}" in [
        text.get_text() for text in drawn["roc-A-digits"].axes[0].get_legend().get_texts()
    ]


def test_dynamics_are_what_was_measured_on_the_way(subject):
    evaluation, measured = asked(subject, "dynamics", epochs_apart=0.5)
    assert evaluation.every == 0.5
    arrays = measured.arrays
    assert arrays["epochs"][-1] == pytest.approx(2)
    assert len(arrays["epochs"]) == 4
    assert arrays["gmm2.held_out"][-1] == subject.model.record.metrics["gmm2"]["log_likelihood"]
    assert arrays["gmm2.delay"] == pytest.approx(0.1 * 2)
    assert arrays["gmm1.batch"].shape == arrays["gmm1.batch_epochs"].shape
    (figure, _) = (figure for _, figure in evaluation.draw(findings(measured)))
    assert [axes.get_ylabel() for axes in figure.axes] == ["gmm1 (nats)", "gmm2 (nats)"]


def test_samples_are_the_models_and_so_is_what_is_said_of_them(subject):
    evaluation, measured = asked(subject, "samples", n=20, shown=10, columns=5)
    samples = subject.model.sample(20)
    assert measured.values["gmm2"]["samples: diversity"] == diversity(samples)
    train = images_of(subject.dataset.train).reshape(-1, 64)
    rows = np.clip(samples, 0, 1).reshape(20, 1, 64)
    nearest = np.sqrt(np.square(rows - train).mean(axis=2)).min(axis=1).mean()
    assert measured.values["gmm2"]["samples: nearest training image"] == pytest.approx(nearest)
    assert measured.values["training images"]["samples: diversity"] > 0
    low, high = subject.model.record.pixel_range
    shown = np.rint(255 * np.clip((samples[:10] - low) / (high - low), 0, 1))
    assert np.abs(measured.arrays["samples"] - shown).max() <= 1
    ((name, picture),) = evaluation.draw(findings(measured))
    assert name == "samples-digits"
    assert picture.dtype == np.uint8


def test_sharpening_raises_the_loss_of_its_target(subject):
    evaluation, measured = asked(subject, "sharpening", steps=(0, 5), n=12, columns=4)
    assert set(measured.values) == {"fold1", "pool1", "fold2"}
    for values in measured.values.values():
        assert values["sharpening: loss after"] > values["sharpening: loss before"]
        assert 0 < values["sharpening: share raised"] <= 1
    assert not np.array_equal(measured.arrays["0"], measured.arrays["5"])
    ((name, picture),) = evaluation.draw(findings(measured))
    assert name == "sharpening-digits"
    assert picture.shape[1] > picture.shape[0]


def test_inpainting_is_measured_on_the_missing_pixels_alone(subject):
    evaluation, measured = asked(subject, "inpainting", n=15, shown=5, missing="left")
    held_out = subject.held_out()
    images = images_of(held_out.take(np.flatnonzero(~held_out.outlier)[:15]))
    known = half_mask((8, 8, 1), "left")
    for way, fill in (("filled with 0", 0.0), ("integrated", None)):
        completed = np.clip(subject.model.inpaint(images, known, fill=fill), 0, 1)
        error = np.sqrt(np.square(completed - images)[:, :, :4].mean())
        found = measured.values["gmm2"][f"in-painting: error, {way}"]
        assert found == pytest.approx(error, rel=1e-5)
    train = images_of(subject.dataset.train)
    mean = np.sqrt(np.square(train.mean(axis=0) - images)[:, :, :4].mean())
    trivial = measured.values["mean image"]["in-painting: error, integrated"]
    assert trivial == pytest.approx(mean, rel=1e-5)
    halves = train[:, :, 4:].reshape(len(train), -1), images[:, :, 4:].reshape(15, -1)
    nearest = train[np.square(halves[1][:, None] - halves[0]).sum(axis=2).argmin(axis=1)]
    trivial = measured.values["nearest image"]["in-painting: error, integrated"]
    assert trivial == pytest.approx(np.sqrt(np.square(nearest - images)[:, :, :4].mean()))
    ((name, _),) = evaluation.draw(findings(measured))
    assert name == "inpainting-digits"


def test_the_alphabet_is_that_of_the_lowest_mixture(subject):
    evaluation, measured = asked(subject, "alphabet")
    assert measured.arrays["components"].shape == (9, 3, 3, 1)
    _, upper = asked(subject, "alphabet", node="gmm2")
    assert len(upper.arrays["components"]) == 16
    ((name, _),) = evaluation.draw(findings(measured))
    assert name == "alphabet"


def test_pictures_of_all_columns_are_kept_apart(subject):
    evaluation, measured = asked(subject, "samples", n=4)
    names = [name for name, _ in evaluation.draw(findings(measured, columns=("x 0", "x 1")))]
    assert names == ["samples-x-0", "samples-x-1"]
