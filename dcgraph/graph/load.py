"""Where graphs come from: a file, a name, the notation, a mapping, another graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from dcgraph.errors import RequestError
from dcgraph.graph.build import build_graph
from dcgraph.graph.document import Document, from_mapping, shown
from dcgraph.graph.faults import Faults
from dcgraph.graph.graph import Graph
from dcgraph.graph.notation import fill_shape, is_notation, notation_document
from dcgraph.graph.overrides import apply_overrides
from dcgraph.graph.reader import parse_document, read_document
from dcgraph.graph.shipped import SUFFIXES, shipped_graphs
from dcgraph.plugin.load import installed_plugins
from dcgraph.plugin.manager import Plugins
from dcgraph.plugin.registry import nearest
from dcgraph.signal import Shape

GraphSource = Graph | Mapping[str, Any] | Path | str


def load_graph(
    source: GraphSource,
    *,
    overrides: Sequence[str] = (),
    plugins: Plugins | None = None,
    shape: Shape | None = None,
) -> Graph:
    """Return a graph that has been proved sound; no array is allocated.

    Parameters
    ----------
    source : Graph, mapping, Path or str
        A text is the path of a YAML file, the paper's notation (``"F(3,1)-G(25)"``), or the name
        of a graph that comes with the package (``"dcgmm_e"``).
    overrides : sequence of str
        ``"node.field=value"``, as ``--set`` takes them.
    plugins : Plugins, optional
        What types the graph may name; the built-ins and what is installed if absent.
    shape : (h, w, c), optional
        Of images that the caller holds; only the notation needs it. Without it, the notation's
        images come from the embedded data, or from the source that an override names.

    Raises
    ------
    GraphError
        The graph is not sound; `problems` holds all that is wrong.
    RequestError
        There is no such file or name.
    """
    if isinstance(source, Graph) and not overrides:
        return source
    plugins = installed_plugins() if plugins is None else plugins
    document = _document(source, shape)
    faults = Faults(document)
    apply_overrides(overrides, plugins, faults)
    fill_shape(document, plugins)
    return build_graph(document, plugins, faults)


def graph_from_document(
    document: Mapping[str, Any], *, file: str | None = None, plugins: Plugins | None = None
) -> Graph:
    """Return the graph of a mapping, as `Graph.document` holds it.

    Parameters
    ----------
    document : mapping
    file : str, optional
        Where it comes from, for messages.
    plugins : Plugins, optional
        The built-ins and what is installed if absent.

    Raises
    ------
    GraphError
        The graph is not sound.
    """
    plugins = installed_plugins() if plugins is None else plugins
    return build_graph(from_mapping(document, file), plugins)


def graph_from_yaml(text: str, *, file: str | None = None, plugins: Plugins | None = None) -> Graph:
    """Return the graph of a YAML text, as `to_yaml` writes it and model files hold it.

    Raises
    ------
    GraphError
        The text is not YAML, or the graph is not sound.
    """
    plugins = installed_plugins() if plugins is None else plugins
    return build_graph(parse_document(text, file), plugins)


def _document(source: GraphSource, shape: Shape | None) -> Document:
    if isinstance(source, Graph):
        return from_mapping(source.document)
    if isinstance(source, Mapping):
        return from_mapping(source)
    if isinstance(source, str) and not _exists(source):
        if is_notation(source):
            return notation_document(source, shape)
        return read_document(_shipped(source))
    return read_document(Path(source))


def _exists(text: str) -> bool:
    try:
        return Path(text).is_file() or (Path(text).exists() and text not in shipped_graphs())
    except (OSError, ValueError):  # too long for a path, or a null character
        return False


def _shipped(name: str) -> Path:
    """Return the file of a graph that comes with the package."""
    graphs = shipped_graphs()
    if name in graphs:
        return graphs[name]
    path = PurePath(name)
    stem = path.with_suffix("").name if path.suffix in SUFFIXES else name
    hint = nearest(name, _graph_files(Path(path.parent))) or nearest(stem, list(graphs))
    message = (
        f"there is no graph file {shown(name)}, nor a graph of that name{hint} "
        f"(graphs: {', '.join(graphs)})"
    )
    raise RequestError(message)


def _graph_files(folder: Path) -> list[str]:
    """Return the graph files of a folder, as one would type them."""
    try:
        return [str(path) for path in folder.iterdir() if path.suffix in SUFFIXES]
    except OSError:
        return []
