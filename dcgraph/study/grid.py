"""A study to its runs: every graph on every column with every seed, each graph checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dcgraph.graph.document import Document
from dcgraph.plugin.manager import Plugins
from dcgraph.study.anchors.base import Answering
from dcgraph.study.checks import Cells, Checks
from dcgraph.study.columns import Extent
from dcgraph.study.evaluations.drawn import SampleEvaluation
from dcgraph.study.evaluations.metrics import Metrics
from dcgraph.study.run import Run
from dcgraph.study.spec import Study


def runs_of(
    study: Study,
    document: Document,
    plugins: Plugins,
    *,
    quick: bool = False,
    backend: str = "numpy",
    plugin_files: Sequence[Path] = (),
    data_directory: Path | None = None,
) -> list[Run]:
    """Return all runs, those of the first seed first.

    Parameters
    ----------
    document : Document
        Of the study's file, for lines.
    backend : {"numpy", "cupy", "cupy:N"}
        What computes the models; anchors are the same on all.

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
        for label, column in extent.cells()
    }
    checks.asked(cells, quick=quick)
    checks.raise_any()
    study = study.version(quick=quick)
    common: dict[str, Any] = {
        "evaluations": study.evaluate,
        "plugin_files": tuple(plugin_files),
        "data_directory": data_directory,
    }
    return list(_runs(study, extent, cells, backend, common))


def _runs(
    study: Study,
    extent: Extent,
    cells: Cells,
    backend: str,
    common: dict[str, Any],
) -> Iterator[Run]:
    rounds = max(len(extent.seeds), *(len(extent.seeds_of(*cell)) for cell in extent.cells()))
    for index in range(rounds):
        here = slice(index, index + 1)  # no seed, where there are fewer than rounds
        for label, column in extent.cells():
            graph = cells[label, column.label]
            assert graph is not None  # else there was something to raise
            for seed in extent.seeds_of(label, column)[here]:
                train = {**graph.document["train"], "seed": seed}
                document = {**graph.document, "train": train}
                run = Run(label, column.label, seed, document, group=column.group, **common)
                yield replace(run, backend=backend)  # of anchors, which have none, it is NumPy
        for seed in extent.seeds[here]:
            yield from _anchored(study, extent, cells, seed, common, again=index > 0)


def _anchored(
    study: Study, extent: Extent, cells: Cells, seed: int, common: dict[str, Any], *, again: bool
) -> Iterator[Run]:
    for anchor in study.anchors:
        if again and not anchor.seeded:
            continue
        kind = Metrics if isinstance(anchor, Answering) else SampleEvaluation
        asked = tuple(each for each in study.evaluate if isinstance(each, kind))
        for column in extent.columns:
            graph = cells[extent.graphs[0], column.label]
            assert graph is not None
            label = column.label
            run = Run(anchor.type, label, seed, graph.document, group=column.group, **common)
            yield replace(run, evaluations=asked, anchor=anchor)
