"""Samples before a judge: those of a model of one class, and those of anchors that draw."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from dcgraph.errors import RequestError
from dcgraph.graph.load import graph_from_document
from dcgraph.inference.quality import diversity
from dcgraph.judges.cache import judge_of
from dcgraph.judges.distance import frechet_distance
from dcgraph.study.conduct import check_needs
from dcgraph.study.evaluations import evaluations
from dcgraph.study.evaluations.base import Finding, images_of
from dcgraph.study.evaluations.drawn import Drawn, only_class
from dcgraph.study.execute import execute, opened

STUDY = """\
graphs: {one: "F(8,1)-G(9)"}
data: [digits]
inliers: [[3], [7]]
set: {train.epochs: 2, train.batch_size: 20}
evaluate:
  - type: judged
    n: 30
    shown: 4
    judge: &judge {epochs: 2, batch_size: 20, limit: 400, device: cpu}
  - {type: frechet, n: 20, judge: *judge}
anchors:
  - training_images
  - test_images
  - one_image
  - {type: vae, epochs: 1, width: 0.02, limit: 40, device: cpu}
"""


@pytest.fixture(scope="module")
def runs(grid):
    return {run.name: run for run in grid(STUDY)[1]}


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """Let judges lie in a folder of this test's."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("judges")
        patch.setattr("dcgraph.judges.cache._folder", lambda: folder)
        yield folder


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed: dcgraph[judges]")


@pytest.fixture(scope="module")
def results(torch, runs):
    """Results of the runs of class 7, by graph or anchor."""
    outcomes = [execute(run) for run in runs.values() if run.column == "digits 7"]
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    return {outcome.run.graph: outcome.result for outcome in outcomes}


@pytest.fixture(scope="module")
def judged(torch, runs):
    """The judge itself, and training and test images of class 7."""
    run = runs["one/digits 7/0"]
    data = {**run.document["data"], "classes": None}
    whole = opened(run, graph_from_document({**run.document, "data": data}))
    part = opened(run, graph_from_document(run.document))
    judge = judge_of(whole, run.evaluations[0].judge)
    return judge, images_of(part.train), images_of(part.test)


def test_a_model_is_judged_by_what_the_judge_takes_its_samples_for(runs, results, judged):
    import dcgraph

    judge, _, test = judged
    samples = dcgraph.train(runs["one/digits 7/0"].document).sample(30).clip(0, 1)
    fewer = judge.features(samples[:20])
    assert results["one"].values == {
        "gmm1": {
            "samples: accuracy": np.mean(judge.predict(samples) == 7),
            "samples: diversity": pytest.approx(diversity(samples)),
            "samples: Frechet distance": pytest.approx(
                frechet_distance(fewer, judge.features(test)), rel=1e-4
            ),
        }
    }


def test_real_images_are_an_anchor(results, judged):
    judge, train, test = judged
    for name, images in (("training_images", train), ("test_images", test)):
        some = images[np.linspace(0, len(images) - 1, 30, dtype=int)]
        found = results[name].values[""]
        assert found["samples: accuracy"] == np.mean(judge.predict(some) == 7)
        assert found["samples: diversity"] == pytest.approx(diversity(some))
    nearer = results["training_images"].values[""]["samples: Frechet distance"]
    assert nearer < results["one"].values["gmm1"]["samples: Frechet distance"]


def test_one_image_over_and_over_shows_what_accuracy_alone_is_worth(results):
    found = results["one_image"].values[""]
    assert found["samples: accuracy"] in (0, 1)
    assert found["samples: diversity"] == 0


def test_the_autoencoder_is_one_of_them(results):
    assert set(results["vae"].values[""]) == set(results["one_image"].values[""])
    assert results["vae"].arrays["judged"]["samples"].shape == (4, 8, 8, 1)


def test_the_judge_is_trained_once(results, cache):
    assert len(list(cache.glob("*.pt"))) == 1


def test_the_picture_has_a_row_for_each_class_and_a_panel_for_each_graph(results, runs):
    evaluation = runs["one/digits 7/0"].evaluations[0]
    arrays = results["one"].arrays["judged"]
    fewer = {"samples": arrays["samples"][:1]}
    found = [
        Finding("one", "digits 3", 0, {}, arrays, "digits"),
        Finding("one", "digits 7", 0, {}, arrays, "digits"),
        Finding("other", "digits 7", 0, {}, fewer, "digits"),
    ]
    ((name, picture),) = evaluation.draw(found)
    ((_, single),) = evaluation.draw(found[:2])
    assert name == "judged-digits"
    assert picture.shape[1] > 1.9 * single.shape[1]
    alone = [Finding("one", "x", 0, {}, arrays), Finding("one", "y", 0, {}, arrays)]
    assert [name for name, _ in evaluation.draw(alone)] == ["judged-x", "judged-y"]


def test_several_classes_have_no_right_answer(runs):
    run = runs["one/digits 7/0"]
    data = {**run.document["data"], "classes": [3, 7]}
    both = opened(run, graph_from_document({**run.document, "data": data}))
    with pytest.raises(RequestError, match=r"and 2 were: learn one at a time, `inliers: each`"):
        only_class(both.train)


@pytest.mark.parametrize("graph", ["one", "vae"])
def test_without_pytorch_nothing_is_begun(runs, monkeypatch, graph):
    run = replace(runs[f"{graph}/digits 7/0"])
    if graph == "vae":
        run = replace(run, evaluations=())
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(RequestError, match=r"pip install 'dcgraph\[judges\]'"):
        check_needs([run])
    assert "dcgraph[judges]" in execute(runs["one/digits 7/0"]).error


def test_what_pytorch_is_not_needed_for_is_done_without(grid, small, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    check_needs(grid(small)[1])


def test_held_out_outliers_are_no_part_of_the_distance(torch, runs, judged):
    judge, train, test = judged
    run = runs["one/digits 7/0"]
    data = {**run.document["data"], "outliers": [0]}
    dataset = opened(run, graph_from_document({**run.document, "data": data}))
    whole = {**run.document["data"], "classes": None}
    everything = opened(run, graph_from_document({**run.document, "data": whole}))
    evaluation = evaluations()["frechet"](judge=run.evaluations[0].judge)
    values, _ = evaluation.of_samples(Drawn(train[:50], dataset, lambda: everything))
    expected = frechet_distance(judge.features(train[:50]), judge.features(test))
    assert values == {"samples: Frechet distance": pytest.approx(expected)}
