"""One score of several nodes: how well it finds outliers."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph
from dcgraph.graph.scores import score_name
from dcgraph.inference.outliers import Way
from dcgraph.study.evaluations.base import Evaluation, Measured, Subject, images_of

NODE = "combined"


class Combined(Evaluation):
    """Metrics of the mean, or the least, of nodes' weighted z-scores.

    See `dcgraph.inference.outliers`.

    Attributes
    ----------
    weights : dict of str to float
        Of density nodes, or of other scores of theirs (``NODE.least``, ``NODE.within``); a
        negative one contrasts.
    two_sided : tuple of str
        Nodes by which too likely an image is as unusual as one that is not likely.
    combine : "mean" or "least"
    names : tuple of str
        Metrics of scores.
    """

    type = "combined"

    weights: dict[str, float]
    two_sided: tuple[str, ...] = ()
    combine: Way = "mean"
    names: tuple[str, ...] = ("auc",)

    @model_validator(mode="after")
    def _two_sided_nodes_have_weights(self) -> Self:
        if strange := [node for node in self.two_sided if node not in self.weights]:
            message = f"two_sided names {', '.join(strange)}, which weights does not name"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _weights_are_of_nodes(self) -> Self:
        if not self.weights:
            message = "weights names no node: give it one or more, as in {gmm2: 1, gmm1: 1}"
            raise ValueError(message)
        if self.combine == "least" and min(self.weights.values()) <= 0:
            message = f"combine: least takes weights above 0, received {self.weights}"
            raise ValueError(message)
        return self

    def misfit(self, graph: Graph) -> str | None:
        if graph.data is not None and not graph.data.outliers:
            return "a combined score is measured by outliers: name their classes in `outliers`"
        for name in self.weights:
            try:
                score_name(graph, name)
            except RequestError as error:
                return f"'{name}': {error.problem.message}"
        return None

    def measure(self, subject: Subject) -> Measured:
        held_out = subject.held_out()
        assert held_out.outlier is not None  # a graph without outliers does not fit
        images = images_of(held_out)
        scores = subject.model.combined_scores(images, self.weights, self.two_sided, self.combine)
        return Measured(
            {
                NODE: {
                    name: float(subject.plugins.metrics[name].function(held_out.outlier, scores))
                    for name in self.names
                }
            }
        )
