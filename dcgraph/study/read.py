"""A study file to a `Study`: all problems at once, each with its line."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from dcgraph.errors import GraphError, RequestError, StudyError
from dcgraph.graph.document import Document, shown
from dcgraph.graph.faults import Faults
from dcgraph.graph.reader import FileKind, parse_document, read_document
from dcgraph.graph.settings import keys_of, settings
from dcgraph.graph.shipped import SUFFIXES, shipped_studies
from dcgraph.plugin.manager import Plugins
from dcgraph.plugin.registry import nearest
from dcgraph.study.anchors import anchors
from dcgraph.study.evaluations import evaluations
from dcgraph.study.sections import (
    check_labels,
    chosen,
    read_classes,
    read_data,
    read_graphs,
    read_name,
    read_quick,
    read_seeds,
)
from dcgraph.study.spec import Simple, Study

KIND = FileKind("study", "`graphs:`, `data:` and `evaluate:`")


def study_file(argument: str | Path) -> Path:
    """Return the path that is meant: of a file, or of a study that comes with the package.

    Raises
    ------
    RequestError
        There is neither.
    """
    path = Path(argument)
    if path.exists() or path.suffix in SUFFIXES or not isinstance(argument, str):
        return path
    known = shipped_studies()
    if argument in known:
        return known[argument]
    message = (
        f"there is no study file {shown(argument)}, nor a study of that name"
        f"{nearest(argument, list(known))} (studies: {', '.join(known)})"
    )
    raise RequestError(message)


def read_study(path: Path, plugins: Plugins) -> tuple[Study, Document]:
    """Return a study, and its document, which knows lines; its graphs are not looked at.

    Raises
    ------
    RequestError
        The file cannot be read.
    StudyError
        It is not sound; `problems` holds all that is wrong.
    """
    return _told(lambda: _checked(read_document(path, KIND), plugins))


def parse_study(text: str, plugins: Plugins, file: str | None = None) -> tuple[Study, Document]:
    """Return the study of a text, as `read_study` does of a file."""
    return _told(lambda: _checked(parse_document(text, file, KIND), plugins))


def _told(read: Callable[[], tuple[Study, Document]]) -> tuple[Study, Document]:
    try:
        return read()
    except GraphError as error:
        raise StudyError(error.problems) from error


def _checked(document: Document, plugins: Plugins) -> tuple[Study, Document]:
    faults = Faults(document)
    data = document.data
    keys = keys_of(Study)
    for key in data:
        if key not in keys:
            message = f"unknown key '{key}'{nearest(key, keys)} (keys: {', '.join(keys)})"
            faults.add((key,), message)
    simple = settings(Simple, _some(data, keys_of(Simple)), (), faults, what="a study")
    sources = read_data(plugins, faults)
    graphs = read_graphs(sources, faults)
    if not graphs and not faults.found:
        faults.add(("graphs",), "a study needs at least one graph: `graphs: {E: dcgmm_e}`")
    if not sources and not faults.found:
        faults.add(("data",), "a study needs at least one data source: `data: [mnist]`")
    evaluate = chosen(evaluations(), data.get("evaluate"), ("evaluate",), faults)
    if not evaluate and not faults.found:
        faults.add(("evaluate",), "a study needs at least one evaluation: `evaluate: [metrics]`")
    drafts = {
        "name": read_name(faults),
        "graphs": graphs,
        "data": sources,
        "outliers": read_classes(data.get("outliers"), ("outliers",), faults),
        "inliers": read_classes(data.get("inliers"), ("inliers",), faults),
        "seeds": read_seeds(data.get("seeds", [0]), ("seeds",), faults),
        "quick": read_quick(graphs, sources, faults),
        "evaluate": evaluate,
        "anchors": chosen(anchors(), data.get("anchors"), ("anchors",), faults),
    }
    if drafts["outliers"] and drafts["inliers"]:
        message = "give either `outliers` or `inliers`: what is learned is what is not to be found"
        faults.add(("inliers",), message)
    check_labels(graphs, sources, faults)
    faults.raise_any()
    assert simple is not None  # else there was something to raise
    return Study(
        **drafts, **{key: getattr(simple, key) for key in ("title", "paper")}, set=simple.overrides
    ), document


def _some(data: dict[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {key: data[key] for key in keys if key in data}
