"""Puts a study's changes into its graphs, and gathers what is wrong with study and graphs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dcgraph.errors import GraphError, Problem, RequestError, StudyError
from dcgraph.graph.document import Document, Place, subject
from dcgraph.graph.graph import Graph
from dcgraph.plugin.manager import Plugins
from dcgraph.plugin.registry import nearest
from dcgraph.storage.origin import graph_from
from dcgraph.study.anchors.base import Anchor, Answering
from dcgraph.study.columns import Column, Extent, columns_of, extent_of, labels_of
from dcgraph.study.evaluations.base import Evaluation
from dcgraph.study.evaluations.drawn import SampleEvaluation
from dcgraph.study.evaluations.metrics import Metrics
from dcgraph.study.spec import Study

Changes = list[tuple[str, Place]]  # as --set takes them, and where the study says so
Cells = Mapping[tuple[str, str], Graph | None]  # by label of the graph and of the column


class Checks:
    """Loads the graphs of a study and gathers what is wrong with them."""

    def __init__(self, study: Study, document: Document, plugins: Plugins) -> None:
        self.study = study
        self.document = document
        self.plugins = plugins
        self.problems: dict[Problem, None] = {}

    def add(self, place: Place, message: str) -> None:
        """Note what is wrong at a place of the study's file."""
        self.problems[self.problem(place, message)] = None

    def problem(self, place: Place, message: str) -> Problem:
        """Return a problem that stands at a place of the study's file."""
        _, field = subject(place)
        return Problem(message, self.document.file, self.document.line(place), None, field)

    def raise_any(self) -> None:
        """Raise all problems, in the order of the file.

        Raises
        ------
        StudyError
            There are any.
        """
        if self.problems:
            raise StudyError(sorted(self.problems, key=lambda problem: problem.line or 0))

    def extent(self, *, quick: bool) -> Extent:
        """Return what the study combines; check what it says of columns and metrics."""
        try:
            columns = columns_of(self.study, self.plugins)
        except RequestError as error:
            self.add((error.problem.field or "outliers",), error.problem.message)
            self.raise_any()
        self._paper(labels_of(columns))
        self._metrics()
        extent = extent_of(self.study, columns, quick=quick)
        if not (extent.graphs and extent.columns):
            self.add(("quick",), "what `quick` keeps leaves no run: name graphs, data, classes")
            self.raise_any()
        return extent

    def _paper(self, columns: list[str]) -> None:
        for metric, rows in self.study.paper.items():
            for row, figures in rows.items():
                for label in figures:
                    if label not in columns:
                        message = (
                            f"the table has no column '{label}'{nearest(label, columns)} "
                            f"(columns: {', '.join(columns[:20])})"
                        )
                        self.add(("paper", metric, row, label), message)

    def _metrics(self) -> None:
        known = [*self.plugins.metrics, "log_likelihood"]
        asked: dict[Place, Sequence[Evaluation]] = {
            ("evaluate",): self.study.evaluate,
            ("quick", "evaluate"): self.study.quick.evaluate or (),
        }
        for place, evaluations in asked.items():
            for index, each in enumerate(evaluations):
                for name in each.names if isinstance(each, Metrics) else ():
                    if name not in known:
                        hint = f"{nearest(name, known)} (known: {', '.join(known)})"
                        self.add((*place, index, "names"), f"unknown metric '{name}'{hint}")

    def asked(self, cells: Cells, *, quick: bool) -> None:
        """Note what keeps anchors from being measured, and evaluations from being asked."""
        study = self.study.version(quick=quick)
        above: Place = ("quick",) if quick and self.study.quick.anchors is not None else ()
        for index, anchor in enumerate(study.anchors):
            message = _unmeasured(anchor, study.evaluate) or _unscored(anchor, cells)
            if message:
                self.add((*above, "anchors", index), message)
        above = ("quick",) if quick and self.study.quick.evaluate is not None else ()
        for index, each in enumerate(study.evaluate):
            for (label, _), graph in cells.items():
                message = "" if graph is None else each.misfit(graph) or ""
                if message:
                    self.add((*above, "evaluate", index), f"with graph '{label}': {message}")
                    break

    def graph(self, label: str, column: Column, *, quick: bool) -> Graph | None:
        """Return a graph on a column, None where something is wrong."""
        changes = self._changes(label, column, quick=quick)
        entry = self.study.graphs[label]
        try:
            return graph_from(
                self._place(entry.graph_on(column.data)),
                overrides=[text for text, _ in changes],
                plugins=self.plugins,
            )
        except GraphError as error:
            places = {f"--set {text}": place for text, place in changes}
            for problem in error.problems:
                self._note(problem, label, places)
        except RequestError as error:
            self.add(("graphs", label, "graph"), error.problem.message)
        return None

    def _note(self, problem: Problem, label: str, places: dict[str, Place]) -> None:
        """Note what is wrong with a graph: at the study's line that brought it about, if any."""
        written = (problem.file or "").split(", --set ")[0]
        if written in places:
            told = self.problem(places[written], f"with graph '{label}': {problem.message}")
            problem = replace(told, node=problem.node, field=problem.field)
        self.problems[problem] = None

    def _place(self, graph: str) -> str:
        """Return a graph's file beside the study, if there is one, else what the study says."""
        if self.document.file is not None:
            try:
                beside = Path(self.document.file).parent / graph
                if beside.is_file():
                    return str(beside)
            except (OSError, ValueError):  # a notation too long for a path
                pass
        return graph

    def _changes(self, label: str, column: Column, *, quick: bool) -> Changes:
        """Return all changes to a graph on a column, the strongest last."""
        study, entry = self.study, self.study.graphs[label]
        source = study.data[column.data]
        changes = _written(study.overrides, ("set",))
        changes += [(f"data.source={source.source}", ("data", column.data))]
        changes += _written(source.overrides, ("data", column.data, "set"))
        if column.outliers is not None:
            changes += [
                ("data.classes=null", ("outliers",)),
                (f"data.outliers={list(column.outliers)}", ("outliers",)),
            ]
        if column.inliers is not None:
            changes += [
                (f"data.classes={list(column.inliers)}", ("inliers",)),
                ("data.outliers=[]", ("inliers",)),
            ]
        changes += _written(entry.overrides, ("graphs", label, "set"))
        changes += _written(entry.on.get(column.data, {}), ("graphs", label, "on", column.data))
        if quick:
            changes += _written(study.quick.overrides, ("quick", "set"))
        return changes


def _unmeasured(anchor: Anchor, evaluations: Sequence[Evaluation]) -> str:
    """Return what is wrong where no evaluation measures an anchor."""
    needed, names = (
        (Metrics, "'metrics'")
        if isinstance(anchor, Answering)
        else (SampleEvaluation, "'judged' or 'frechet'")
    )
    if any(isinstance(each, needed) for each in evaluations):
        return ""
    return f"the anchor '{anchor.type}' needs the evaluation {names}, which measures it"


def _unscored(anchor: Anchor, cells: Cells) -> str:
    """Return what is wrong where an anchor scores images, and there are no outliers to find."""
    if not isinstance(anchor, Answering) or anchor.of != "scores":
        return ""
    if all(graph is None or graph.data is None or graph.data.outliers for graph in cells.values()):
        return ""
    return f"the anchor '{anchor.type}' needs outliers: name them in `outliers`"


def _written(overrides: dict[str, Any], place: Place) -> Changes:
    return [(f"{key}={json.dumps(value)}", (*place, key)) for key, value in overrides.items()]
