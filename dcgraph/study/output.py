"""What a study leaves in its folder: the table in three formats, figures, the result page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcgraph.pictures.files import replacing, save_png
from dcgraph.storage.replace import replace_file
from dcgraph.study.conduct import Standing
from dcgraph.study.evaluations.base import Finding
from dcgraph.study.formats import to_csv, to_hdf5, to_markdown
from dcgraph.study.overview import overviews
from dcgraph.study.page import page
from dcgraph.study.spec import Study
from dcgraph.study.table import Row, rows_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dcgraph.pictures.grid import Picture

DPI = 110


@dataclass(frozen=True)
class Output:
    """The files of a study.

    Attributes
    ----------
    rows : list of Row
        The table.
    files : tuple of Path
    """

    rows: list[Row]
    files: tuple[Path, ...]


def write_output(
    study: Study, standing: Standing, folder: Path, command: str, *, quick: bool = False
) -> Output:
    """Write table, figures and page of what is finished.

    Raises
    ------
    RequestError, RunError
        The folder cannot be written to, or the disk is full.
    """
    study = study.version(quick=quick)
    rows = rows_of(standing.runs, standing.found, study.paper)
    table = to_markdown(rows)
    replace_file(folder / "table.csv", to_csv(rows).encode())
    replace_file(folder / "table.h5", to_hdf5(rows, standing.backend))
    replace_file(folder / "table.md", table.encode())
    figures = []
    for name, drawn in _figures(study, standing, rows):
        path = folder / "figures" / f"{name}.png"
        _save(path, drawn)
        figures.append(path)
    seen = [path.relative_to(folder) for path in figures]
    text = page(study, standing, table, seen, command, quick=quick)
    replace_file(folder / "results.md", text.encode())
    names = ("table.csv", "table.h5", "table.md", "results.md")
    return Output(rows, (*(folder / name for name in names), *figures))


def _figures(
    study: Study, standing: Standing, rows: Sequence[Row]
) -> Iterator[tuple[str, Figure | Picture]]:
    measured = dict.fromkeys(row.metric for row in rows if row.node == "" or row.paper is not None)
    yield from overviews(rows, list(measured))
    for evaluation in study.evaluate:
        found = _findings(standing, evaluation.type)
        if found:
            yield from evaluation.draw(found)


def _findings(standing: Standing, kind: str) -> list[Finding]:
    """Return what an evaluation found, of the first seed of each graph and column."""
    first: dict[tuple[str, str], Finding] = {}
    for run in standing.runs:
        result = standing.found.get(run.name)
        if result is None or not result.arrays.get(kind):
            continue
        found = Finding(
            run.graph, run.column, run.seed, result.values, result.arrays[kind], run.group
        )
        first.setdefault((run.graph, run.column), found)
    return list(first.values())


def _save(path: Path, drawn: Any) -> None:
    if hasattr(drawn, "savefig"):
        with replacing(path) as beside:
            # without the version of matplotlib, so that the same figure is the same file
            drawn.savefig(beside, dpi=DPI, metadata={"Software": None})
    else:
        save_png(path, drawn)
