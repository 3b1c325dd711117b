"""What the sections say, held against the same facts found another way."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import confusion_matrix, roc_auc_score

from dcgraph.errors import RequestError
from dcgraph.pictures.heat import heat
from dcgraph.report import (
    alphabet,
    architecture,
    classes,
    likelihood,
    outliers,
    overview,
    provenance,
    samples,
    training,
)
from dcgraph.report.subject import Examined, Wanted


def pixels(uri):
    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as picture:
        return np.asarray(picture)


def seen(subject):
    """Return the test images a page is about, with their labels and outlier flags."""
    subset = subject.images.subset
    return subset.read(np.arange(len(subset))), subset.labels, subset.outlier


def test_few_test_images_are_drawn_by_the_seed_and_all_are_taken_where_they_suffice(subjects):
    subset = subjects["classes"].images.subset
    some = Examined.of(subset, Wanted(images=50, seed=1))
    assert len(some.subset) == 50
    assert some.total == len(subset)
    assert (np.diff(some.subset.chosen) > 0).all()
    other = Examined.of(subset, Wanted(images=50, seed=2))
    assert (some.subset.chosen != other.subset.chosen).any()
    assert Examined.of(subset, Wanted(images=10**6)).subset is subset


def test_the_likeliest_and_least_likely_images_are_those_of_all(subjects):
    subject = subjects["outliers"]
    images, labels, outlier = seen(subject)
    scores = subject.model.log_likelihood(images)
    content = likelihood.content(subject)
    for end, order in (("least", np.argsort(scores)), ("most", np.argsort(-scores))):
        tiles = content["ends"][end]
        assert len(tiles) == likelihood.AT_EITHER_END
        for tile, place in zip(tiles, order, strict=False):
            assert float(tile["score"]) == pytest.approx(scores[place], abs=0.006)
            assert tile["caption"].endswith(f"label {labels[place]}")
            assert tile["outlier"] == outlier[place]
            drawn = pixels(tile["uri"]) / 255
            np.testing.assert_allclose(drawn, images[place, ..., 0], atol=1 / 255)


def test_maps_are_those_of_the_node_laid_onto_the_pixels(subjects):
    subject = subjects["outliers"]
    images, _, _ = seen(subject)
    scores = subject.model.log_likelihood(images)
    content = likelihood.content(subject)
    assert list(content["scales"]) == ["gmm1"]
    assert content["whole"] == ["gmm2"]
    low, high = (float(content["scales"]["gmm1"][end]) for end in ("low", "high"))
    worst = images[np.argsort(scores)[:1]]
    (expected,) = subject.model.pixel_maps(worst, "gmm1")
    shown = content["ends"]["least"][0]["maps"]["gmm1"]
    colours = heat(expected[None], low, high)[0]
    np.testing.assert_allclose(pixels(shown["uri"]) / 255, colours, atol=0.03)
    y, x = np.unravel_index(expected.argmin(), expected.shape)
    assert f"row {y + 1} of 8 and column {x + 1} of 8" in shown["words"]


def test_maps_above_a_node_with_several_inputs_stand_for_themselves(subjects):
    content = likelihood.content(subjects["branches"])
    assert content["apart"] == ["gmm3"]
    tile = content["ends"]["least"][0]
    assert pixels(tile["maps"]["gmm3"]["uri"]).shape == (2, 2, 3)
    assert pixels(tile["maps"]["gmm1"]["uri"]).shape == (8, 8, 3)


def test_outlier_metrics_are_those_of_scikit_learn(subjects):
    subject = subjects["outliers"]
    images, _, outlier = seen(subject)
    content = outliers.content(subject)
    column = content["metrics"].index("AUC")
    for row in content["rows"]:
        scores = subject.model.log_likelihood(images, row["node"])
        expected = roc_auc_score(outlier, -scores)
        assert float(row["metrics"][column]) == pytest.approx(expected, abs=1e-4)
        assert f"{row['node']}, AUC {expected:.4f}" in content["roc"]
    assert content["counts"] == {"inliers": (~outlier).sum(), "outliers": outlier.sum()}


def test_the_confusion_matrix_is_that_of_scikit_learn(subjects):
    subject = subjects["classes"]
    images, labels, _ = seen(subject)
    expected = confusion_matrix(labels, subject.model.predict(images))
    content = classes.content(subject)
    counts = [[cell["count"] for cell in row["cells"]] for row in content["rows"]]
    np.testing.assert_array_equal(counts, expected)
    accuracy = np.trace(expected) / expected.sum()
    assert float(content["metrics"]["accuracy"]) == pytest.approx(accuracy, abs=1e-4)
    for i, row in enumerate(content["rows"]):
        assert [cell["right"] for cell in row["cells"]] == [i == j for j in range(10)]
        recall = expected[i, i] / expected[i].sum()
        assert float(row["recall"].rstrip("%")) == pytest.approx(100 * recall, abs=0.06)


def test_training_curves_say_where_they_begin_and_end(subjects):
    subject = subjects["outliers"]
    content = training.content(subject)
    for node in content["nodes"]:
        columns = subject.record.history[node["name"]]
        assert len(node["charts"]) == 3
        first, last = columns["log_likelihood"][0], columns["log_likelihood"][-1]
        assert f"from {first:.4g} at step {columns['step'][0]} to {last:.4g}" in node["charts"][0]
    assert [node["name"] for node in content["nodes"]] == ["gmm1", "gmm2"]


def test_a_classifier_has_the_curve_of_its_loss(subjects):
    nodes = {node["name"]: node for node in training.content(subjects["classes"])["nodes"]}
    (chart,) = nodes["classifier"]["charts"]
    assert "loss (nats)" in chart


def test_alphabets_show_every_component_and_say_whose_position(subjects):
    nodes = {node["name"]: node for node in alphabet.content(subjects["branches"])["nodes"]}
    assert [node["components"] for node in nodes.values()] == [9, 4, 9]
    assert nodes["gmm2"]["own"]
    assert nodes["gmm2"]["middle"] == "3, 3"
    model = subjects["outliers"].model
    (lowest, _) = alphabet.content(subjects["outliers"])["nodes"]
    drawn = pixels(lowest["pictures"]["means"].uri)
    first = np.clip(model.alphabet("gmm1")[0, 0, 0, 0], 0, 1)
    assert drawn[2, 2] == pytest.approx(255 * first, abs=1)
    shares = float(lowest["largest"].rstrip("%"))
    assert 100 / 16 <= shares <= 100
    assert 1 <= lowest["half"] <= 8


def test_samples_are_those_of_the_seed_and_classes_are_asked_for(subjects):
    subject = subjects["classes"]
    content = samples.content(subject)
    assert [grid["number"] for grid in content["grids"]] == [9, 9, 60]
    (first, *_) = subject.model.sample(9, seed=3)
    drawn = pixels(content["grids"][0]["picture"].uri)
    scale = (drawn.shape[0] - 4) // 24
    # a grid of three by three, a line between, each pixel enlarged
    corner = drawn[1 : 1 + 8 * scale : scale, 1 : 1 + 8 * scale : scale]
    np.testing.assert_allclose(corner / 255, np.clip(first[..., 0], 0, 1), atol=1 / 255)
    assert len(samples.content(subjects["outliers"])["grids"]) == 2


def test_the_table_of_nodes_gives_settings_and_what_is_learned(subjects):
    content = architecture.content(subjects["outliers"])
    rows = {row["name"]: row for row in content["nodes"]}
    assert rows["fold2"]["settings"] == "kernel 6 \N{MULTIPLICATION SIGN} 6"
    assert "components 25" in rows["gmm2"]["settings"]
    assert rows["gmm2"]["learning"].startswith("em")
    assert rows["image"]["parameters"] == ""
    counted = sum(int(row["parameters"].replace(",", "") or 0) for row in rows.values())
    states = subjects["outliers"].record.states.values()
    assert counted == sum(a.size for state in states for a in state.parameters.values())
    assert "components: 25" in content["yaml"]


def test_the_head_gives_the_figures_of_the_run(subjects):
    subject = subjects["outliers"]
    figures = {each["label"]: each["value"] for each in overview.figures(subject)}
    assert float(figures["AUC"]) == pytest.approx(subject.record.metrics["gmm2"]["auc"], abs=1e-4)
    assert figures["nodes"] == "5"
    assert "accuracy" in {each["label"] for each in overview.figures(subjects["classes"])}
    assert overview.run_state(subject)["complete"]


def test_provenance_is_all_the_file_says(subjects):
    record = subjects["outliers"].record
    entries = provenance.content(subjects["outliers"])["entries"]
    assert len(entries) == len(record.provenance)
    assert entries["data digest"] == record.provenance["data_digest"]
    assert re.match(r"\d+\.\d+", entries["numpy"])


def test_a_graph_without_mixtures_has_neither_alphabet_nor_likelihood():
    from model_files import tiny_record

    from dcgraph.model import Model
    from dcgraph.plugin.load import plugins_from
    from dcgraph.report.subject import Subject

    subject = Subject(Model(tiny_record("F(4)-C(3)")), plugins_from([]), Wanted(), "none")
    for section in (alphabet, likelihood, outliers, samples):
        with pytest.raises(RequestError):
            section.content(subject)
