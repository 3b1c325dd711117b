"""From what was typed to a checked graph, its data, a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dcgraph.cli.session import Session
from dcgraph.errors import OutputExistsError, RequestError

if TYPE_CHECKING:
    from dcgraph.data.dataset import Dataset
    from dcgraph.graph.graph import Graph
    from dcgraph.plugin.manager import Plugins


def open_graph(
    session: Session,
    argument: str | Path,
    *,
    plugins: Plugins,
    settings: Sequence[str] = (),
    source: str | None = None,
) -> Graph:
    """Return the graph of a file, a model, a shipped name or a notation; print its warnings.

    Parameters
    ----------
    settings : sequence of str
        ``PLACE.FIELD=VALUE``, as typed.
    source : str or None
        The data source to use, whatever the graph names.

    Raises
    ------
    GraphError
        The graph is not sound.
    """
    from dcgraph.storage.origin import graph_from

    overrides = [] if source is None else [f"data.source={source}"]
    graph = graph_from(str(argument), overrides=[*overrides, *settings], plugins=plugins)
    for problem in graph.warnings:
        session.warn(str(problem))
    return graph


def open_data(graph: Graph, directory: Path | None) -> Dataset:
    """Return the images a graph is trained and tested on.

    Raises
    ------
    RequestError
        The graph names no data.
    DataError
        The data is missing, or does not fit.
    """
    from dcgraph.data.dataset import open_dataset
    from dcgraph.data.directory import data_directory

    if graph.data is None:
        message = (
            f"graph '{graph.name}' names no data: give --data SOURCE ('dcgraph data list' shows "
            "which there are), or give the graph a data section"
        )
        raise RequestError(message, field="data")
    return open_dataset(graph.data, graph[graph.entry].shape, data_directory(directory))


def check_output(path: Path, endings: Sequence[str], *, overwrite: bool) -> None:
    """Refuse an output file that is there already, or whose ending names no format.

    Raises
    ------
    RequestError, OutputExistsError
    """
    if path.suffix.lower() not in endings:
        message = f"the name of the output file must end in {' or '.join(endings)}"
        raise RequestError(message, file=path)
    if path.exists() and not overwrite:
        message = (
            "the output file is there already: replace it with --overwrite, or name another with -o"
        )
        raise OutputExistsError(message, file=path)
