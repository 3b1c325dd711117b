"""Whether an independent CNN takes samples of a class for that class (Table IV)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dcgraph.graph.graph import Graph
from dcgraph.inference.quality import diversity
from dcgraph.judges.cache import judge_of
from dcgraph.judges.cnn import CnnSettings
from dcgraph.judges.pytorch import device_of
from dcgraph.pictures.grid import Picture
from dcgraph.spec import Positive
from dcgraph.study.evaluations.base import Arrays, Finding, stem
from dcgraph.study.evaluations.drawn import Drawn, SampleEvaluation, only_class
from dcgraph.study.evaluations.panels import as_bytes, grid_of, panels


class Judged(SampleEvaluation):
    """Samples of models that have learned one class, before a judge that has learned all.

    Values: ``samples: accuracy``, the share that the judge takes for the class that was learned,
    and ``samples: diversity``, the mean distance of two samples: a model that draws the same good
    image again and again has an accuracy of 1, and a diversity of 0.

    Attributes
    ----------
    shown : int
        Samples of each class in the picture.
    judge : CnnSettings
        How the judge is trained.
    """

    type = "judged"

    shown: Positive = 8
    judge: CnnSettings = CnnSettings()

    def require(self) -> None:
        device_of(self.judge.device)

    def misfit(self, graph: Graph) -> str | None:
        if graph.data is None or len(graph.data.classes or ()) == 1:
            return None
        return "samples are judged of models that learn one class each: `inliers: each`"

    def of_samples(self, drawn: Drawn) -> tuple[dict[str, float], Arrays]:
        taken = judge_of(drawn.whole(), self.judge).predict(drawn.images)
        values = {
            "samples: accuracy": float(np.mean(taken == only_class(drawn.dataset.train))),
            "samples: diversity": diversity(drawn.images),
        }
        return values, {"samples": as_bytes(drawn.images[: self.shown])}

    def draw(self, found: Sequence[Finding]) -> Iterator[tuple[str, Picture]]:
        for group in dict.fromkeys(each.group or each.column for each in found):
            here = [each for each in found if group in (each.group, each.column)]
            columns = list(dict.fromkeys(each.column for each in here))
            grids = {
                graph: grid_of(self._rows(here, graph, columns), self.shown)
                for graph in dict.fromkeys(each.graph for each in here)
            }
            yield stem("judged", group), panels(grids)

    def _rows(
        self, found: Sequence[Finding], graph: str, columns: Sequence[str]
    ) -> NDArray[np.uint8]:
        """Return a row of images for each column, black where there are fewer."""
        image = found[0].arrays["samples"].shape[1:]
        rows = np.zeros((len(columns), self.shown, *image), np.uint8)
        for each in found:
            if each.graph == graph:
                samples = each.arrays["samples"]
                rows[columns.index(each.column), : len(samples)] = samples
        return rows.reshape(-1, *image)
