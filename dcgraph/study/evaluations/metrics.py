"""How well models find outliers and tell classes: the registered metrics, at every node."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.inference.density import Kind
from dcgraph.study.evaluations.base import Evaluation, Measured, Subject, Values, images_of


class Metrics(Evaluation):
    """Metrics on held-out images.

    Attributes
    ----------
    names : tuple of str
        Metrics, as ``dcgraph plugins`` lists them, or "log_likelihood"; a node has those that
        make sense for it.
    kinds : tuple of {"log_likelihood", "max_component", "loss"}
        Which scores of density nodes; metrics of another kind than "log_likelihood" bear its name.
    """

    type = "metrics"

    names: tuple[str, ...] = ("auc", "accuracy")
    kinds: tuple[Kind, ...] = ("log_likelihood",)

    def measure(self, subject: Subject) -> Measured:
        values: Values = {}
        for node, found in subject.model.record.metrics.items():
            named = subject.model.graph[node].is_density
            if not named or "log_likelihood" in self.kinds:
                values[node] = {name: found[name] for name in self.names if name in found}
        for kind in self.kinds:
            if kind == "log_likelihood":
                continue
            for node, scores in self._scores(subject, kind).items():
                values.setdefault(node, {}).update(self._of_scores(subject, scores, kind))
        return Measured({node: found for node, found in values.items() if found})

    def _scores(self, subject: Subject, kind: Kind) -> dict[str, NDArray[Any]]:
        maps = subject.model.log_likelihood_maps(images_of(subject.held_out()), kind=kind)
        return {node: each.mean(axis=(1, 2), dtype=np.float64) for node, each in maps.items()}

    def _of_scores(self, subject: Subject, scores: NDArray[Any], kind: Kind) -> dict[str, float]:
        outlier = subject.held_out().outlier
        if outlier is None:
            outlier = np.zeros(len(scores), bool)
        found: dict[str, float] = {}
        for name in self.names:
            if name == "log_likelihood":
                found[kind] = float(scores[~outlier].mean())
                continue
            metric = subject.plugins.metrics[name]
            if metric.of == "scores" and outlier.any() and not outlier.all():
                found[f"{name} ({kind})"] = float(metric.function(outlier, scores))
        return found
