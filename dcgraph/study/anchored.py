"""What an anchor is worth: its answers or its samples, measured as those of models are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.data.dataset import Dataset, Subset
from dcgraph.plugin.manager import Plugins
from dcgraph.rng import stream
from dcgraph.study.anchors.base import Answering, Drawing
from dcgraph.study.evaluations.base import Arrays, Values, images_of
from dcgraph.study.evaluations.drawn import Drawn, SampleEvaluation, held_out_inliers
from dcgraph.study.evaluations.metrics import Metrics
from dcgraph.study.run import Run


def measured(
    run: Run, dataset: Dataset, plugins: Plugins, whole: Callable[[], Dataset]
) -> tuple[Values, dict[str, Arrays]]:
    """Return what the anchor of a run is worth, and what figures are drawn from.

    Parameters
    ----------
    dataset : Dataset
        What models learn from and are measured on.
    whole : callable
        Returns the data set with all its classes.
    """
    anchor, train = run.anchor, dataset.train
    assert anchor is not None  # the caller knows
    if anchor.limit is not None and anchor.limit < len(train):
        rng = stream(run.seed, "study", "anchor")
        chosen = rng.choice(len(train), anchor.limit, replace=False, shuffle=False)
        dataset = replace(dataset, train=train.take(np.sort(chosen)))
    if isinstance(anchor, Drawing):
        values, arrays = _drawn(run, anchor, dataset, whole)
        return {"": values}, arrays
    assert isinstance(anchor, Answering)  # there are two kinds
    return {"": _answered(run, anchor, dataset, plugins)}, {}


def _drawn(
    run: Run, anchor: Drawing, dataset: Dataset, whole: Callable[[], Dataset]
) -> tuple[dict[str, float], dict[str, Arrays]]:
    train, test = images_of(dataset.train), held_out_inliers(dataset)
    asked = [each for each in run.evaluations if isinstance(each, SampleEvaluation)]
    samples = {n: anchor.draw(train, test, n, seed=run.seed) for n in {each.n for each in asked}}
    found: dict[str, float] = {}
    arrays: dict[str, Arrays] = {}
    for each in asked:
        drawn = Drawn(samples[each.n].clip(0, 1), dataset, whole)
        values, arrays[each.type] = each.of_samples(drawn)
        found |= values
    return found, arrays


def _answered(run: Run, anchor: Answering, dataset: Dataset, plugins: Plugins) -> dict[str, float]:
    train, (_, test) = dataset.train, dataset.held_out
    assert test is not None  # a run without test images is refused
    answer = anchor.answer(_rows(train), train.labels, _rows(test), seed=run.seed)
    inlier = np.ones(len(test), bool) if test.outlier is None else ~test.outlier
    names = [name for each in run.evaluations if isinstance(each, Metrics) for name in each.names]
    found: dict[str, float] = {}
    for name in names:
        if name not in plugins.metrics:  # of likelihoods, which anchors have not
            continue
        metric = plugins.metrics[name]
        if metric.of != anchor.of:
            continue
        if metric.of == "scores":
            found[name] = float(metric.function(~inlier, answer))
        elif test.labels is not None:
            found[name] = float(metric.function(test.labels[inlier], answer[inlier]))
    return found


def _rows(subset: Subset) -> NDArray[Any]:
    return images_of(subset).reshape(len(subset), -1)
