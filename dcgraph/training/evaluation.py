"""What a model is worth on held-out images, and what its scores look like on training images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dcgraph.data.batches import ordered_batches
from dcgraph.data.dataset import Subset
from dcgraph.engine.scheduler import Scheduler
from dcgraph.graph.scores import TABLES, WITHIN
from dcgraph.inference.density import BATCH, classifiers, survey
from dcgraph.inference.outliers import component_tables, within_components
from dcgraph.plugin.manager import Plugins
from dcgraph.rng import stream
from dcgraph.signal import Signal

CALIBRATION_IMAGES = 5000
QUANTILES = 1001


def signals(scheduler: Scheduler, subset: Subset, *, limit: int | None = None) -> Iterator[Signal]:
    """Yield the images of a subset in their order, as signals."""
    for batch in ordered_batches(subset, BATCH, limit=limit):
        yield scheduler.signal(batch.images)


def evaluate(scheduler: Scheduler, subset: Subset, plugins: Plugins) -> dict[str, dict[str, float]]:
    """Return metrics by node, on a labelled subset.

    A density node has "log_likelihood", the mean over inliers in nats, and, where the subset holds
    outliers, every metric of scores ("auc", ...). A classifier has every metric of predictions, on
    inliers.
    """
    seen = survey(scheduler, signals(scheduler, subset))
    outlier = subset.outlier if subset.outlier is not None else np.zeros(len(subset), bool)
    metrics: dict[str, dict[str, float]] = {}
    by_kind = {"scores": [], "predictions": []}  # type: dict[str, list[str]]
    for name, metric in plugins.metrics.items():
        by_kind[metric.of].append(name)
    for node, scores in seen.scores.items():
        metrics[node] = {"log_likelihood": float(scores[~outlier].mean())}
        if outlier.any() and not outlier.all():
            for name in by_kind["scores"]:
                metrics[node][name] = float(plugins.metrics[name].function(outlier, scores))
    for node in classifiers(scheduler.graph):
        if subset.labels is not None:
            truth, predicted = subset.labels[~outlier], seen.predictions[node][~outlier]
            metrics[node] = {
                name: float(plugins.metrics[name].function(truth, predicted))
                for name in by_kind["predictions"]
            }
    return metrics


def calibrate(
    scheduler: Scheduler, subset: Subset
) -> tuple[dict[str, NDArray[np.float64]], dict[str, tuple[int, ...]]]:
    """Return quantiles and tables of training scores, and the components that never win.

    All are taken over at most 5,000 training images, always the same ones.
    """
    chosen = _some(subset)
    seen = survey(scheduler, signals(scheduler, chosen), least=True, wins=True)
    tables: dict[str, NDArray[np.float64]] = {}
    for node, winners in seen.winners.items():
        found = component_tables(seen.scores[node], winners, len(seen.wins[node]))
        tables |= {node + WITHIN + name: table for name, table in zip(TABLES, found, strict=True)}
        seen.scores[node + WITHIN] = within_components(seen.scores[node], winners, *found)
    probabilities = np.linspace(0, 1, QUANTILES)
    quantiles = {name: np.quantile(scores, probabilities) for name, scores in seen.scores.items()}
    idle = {node: tuple(np.flatnonzero(wins == 0).tolist()) for node, wins in seen.wins.items()}
    return quantiles | tables, idle


def pixel_range(subset: Subset) -> dict[str, float]:
    """Return the smallest and the largest pixel of the images that calibrate looks at."""
    ends = [
        (float(batch.images.min()), float(batch.images.max()))
        for batch in ordered_batches(_some(subset), BATCH)
    ]
    return {"pixel_min": min(low for low, _ in ends), "pixel_max": max(high for _, high in ends)}


def _some(subset: Subset) -> Subset:
    if len(subset) <= CALIBRATION_IMAGES:
        return subset
    rng = stream(0, "data", "calibration")
    chosen = rng.choice(len(subset), CALIBRATION_IMAGES, replace=False, shuffle=False)
    return subset.take(np.sort(chosen))
