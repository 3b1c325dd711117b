"""ROC curves of finding outliers, one picture for each model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dcgraph.errors import RequestError
from dcgraph.study.evaluations.base import Evaluation, Finding, Measured, Subject, images_of, stem

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Roc(Evaluation):
    """The log-likelihood of every held-out image at every gmm node."""

    type = "roc"

    def measure(self, subject: Subject) -> Measured:
        held_out = subject.held_out()
        if held_out.outlier is None or not held_out.outlier.any() or held_out.outlier.all():
            message = "a ROC curve needs inliers and outliers: name outlier classes"
            raise RequestError(message)
        maps = subject.model.log_likelihood_maps(images_of(held_out))
        arrays = {
            node: each.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)
            for node, each in maps.items()
        }
        return Measured({}, {"outlier": held_out.outlier, **arrays})

    def draw(self, found: Sequence[Finding]) -> Iterator[tuple[str, Figure]]:
        from dcgraph.pictures.curves import roc_figure

        for each in found:
            scores = {name: values for name, values in each.arrays.items() if name != "outlier"}
            figure = roc_figure(each.arrays["outlier"].astype(bool), scores)
            figure.axes[0].set_title(f"{each.graph}, {each.column}")
            yield stem("roc", each.graph, each.column), figure
