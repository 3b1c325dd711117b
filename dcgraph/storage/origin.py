"""A graph from whatever stands where a graph is asked for, a model file included."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dcgraph.graph.graph import Graph
from dcgraph.graph.load import GraphSource, load_graph
from dcgraph.plugin.manager import Plugins
from dcgraph.signal import Shape
from dcgraph.storage.read import read_graph
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
