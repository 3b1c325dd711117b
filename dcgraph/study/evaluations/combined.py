"""One score of several nodes: how well it finds outliers."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from dcgraph.errors import RequestError
from dcgraph.study.evaluations.base import Evaluation, Measured, Subject, images_of

NODE = "combined"


class Combined(Evaluation):
    """Metrics of the weighted mean of nodes' z-scores; see `dcgraph.inference.outliers`.

    Attributes
    ----------
    weights : dict of str to float
        Of density nodes; a negative one contrasts.
    two_sided : tuple of str
        Nodes by which too likely an image is as unusual as one that is not likely.
    names : tuple of str
        Metrics of scores.
    """

    type = "combined"

    weights: dict[str, float]
    two_sided: tuple[str, ...] = ()
    names: tuple[str, ...] = ("auc",)

    @model_validator(mode="after")
    def _two_sided_nodes_have_weights(self) -> Self:
        if strange := [node for node in self.two_sided if node not in self.weights]:
            message = f"two_sided names {', '.join(strange)}, which weights does not name"
            raise ValueError(message)
        return self

    def measure(self, subject: Subject) -> Measured:
        held_out = subject.held_out()
        if held_out.outlier is None or not held_out.outlier.any() or held_out.outlier.all():
            message = "a combined score is measured by outliers: name outlier classes"
            raise RequestError(message)
        images = images_of(held_out)
        scores = subject.model.combined_scores(images, self.weights, self.two_sided)
        return Measured(
            {
                NODE: {
                    name: float(subject.plugins.metrics[name].function(held_out.outlier, scores))
                    for name in self.names
                }
            }
        )
