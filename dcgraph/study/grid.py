"""A study to its runs: every graph on every column with every seed, each graph checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dcgraph.graph.document import Document
from dcgraph.plugin.manager import Plugins
from dcgraph.study.checks import Cells, Checks
from dcgraph.study.columns import Extent
from dcgraph.study.evaluations.metrics import Metrics
from dcgraph.study.run import Run
from dcgraph.study.spec import Study


def runs_of(
    study: Study,
    document: Document,
    plugins: Plugins,
    *,
    quick: bool = False,
    plugin_files: Sequence[Path] = (),
    data_directory: Path | None = None,
) -> list[Run]:
    """Return all runs, those of the first seed first.

    Parameters
    ----------
    document : Document
        Of the study's file, for lines.

    Raises
    ------
    StudyError
        A graph is not sound with the study's changes, or what the study says does not fit
        together; `problems` holds all that is wrong.
    """
    checks = Checks(study, document, plugins)
    extent = checks.extent(quick=quick)
    cells = {
        (label, column.label): checks.graph(label, column, quick=quick)
        for label in extent.graphs
        for column in extent.columns
    }
    checks.anchors(cells)
    checks.raise_any()
    common: dict[str, Any] = {
        "evaluations": study.evaluate,
        "plugin_files": tuple(plugin_files),
        "data_directory": data_directory,
    }
    return list(_runs(study, extent, cells, common))


def _runs(
    study: Study,
    extent: Extent,
    cells: Cells,
    common: dict[str, Any],
) -> Iterator[Run]:
    measures = tuple(each for each in study.evaluate if isinstance(each, Metrics))
    for index, seed in enumerate(extent.seeds):
        for label in extent.graphs:
            for column in extent.columns:
                graph = cells[label, column.label]
                assert graph is not None  # else there was something to raise
                train = {**graph.document["train"], "seed": seed}
                document = {**graph.document, "train": train}
                yield Run(label, column.label, seed, document, **common)
        for anchor in study.anchors:
            if index and not anchor.seeded:
                continue
            for column in extent.columns:
                graph = cells[extent.graphs[0], column.label]
                assert graph is not None
                run = Run(anchor.type, column.label, seed, graph.document, **common)
                yield replace(run, evaluations=measures, anchor=anchor)
