"""A graph from whatever stands where a graph is asked for, a model file included."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dcgraph.graph.graph import Graph
from dcgraph.graph.load import GraphSource, load_graph
from dcgraph.graph.reader import parse_document, read_document
from dcgraph.plugin.consent import allowed_files
from dcgraph.plugin.manager import Plugins
from dcgraph.signal import Shape
from dcgraph.storage.read import read_graph, read_graph_text
from dcgraph.storage.seal import is_model_file


def graph_from(
    argument: GraphSource,
    *,
    overrides: Sequence[str] = (),
    plugins: Plugins | None = None,
    shape: Shape | None = None,
) -> Graph:
    """Return a checked graph: a model file's own, or what `dcgraph.graph.load` makes of it."""
    if isinstance(argument, str | Path) and is_model_file(Path(argument)):
        argument = read_graph(Path(argument), plugins=plugins)
    return load_graph(argument, overrides=overrides, plugins=plugins, shape=shape)


def plugin_files_of(argument: str | Path) -> list[Path]:
    """Return the plugin files that a graph file or a model file names; nothing is loaded.

    They are seen from the folder of that file. What is neither names none.

    Raises
    ------
    GraphError, ModelFileError, RequestError
        The file cannot be read.
    """
    path = Path(argument)
    if is_model_file(path):
        document = parse_document(read_graph_text(path), str(path))
    elif path.is_file():
        document = read_document(path)
    else:
        return []
    named = document.data.get("plugins")
    entries = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    return allowed_files(entries, path)
