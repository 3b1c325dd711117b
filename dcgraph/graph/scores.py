"""What an image's scores are called.

At each of its positions a density node has a log-likelihood. Three scores are made of it:

- ``gmm3``: the mean over the node's positions.
- ``gmm3.least``, of several positions: that of the one where the image is least likely, for an
  image may be unusual in one place alone.
- ``gmm3.within``, of one position: how it compares with training images of the same component, for
  an image of a component whose images are very likely may be likely, and yet unusual among these.
"""

from __future__ import annotations

from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph

LEAST = ".least"
WITHIN = ".within"
MEANS, DEVIATIONS = ".means", ".deviations"
TABLES = (MEANS, DEVIATIONS)  # of a component's training images, that within compares with


def scored_node(graph: Graph, node: str | None) -> str:
    """Return the density node that is meant; None is the topmost.

    Raises
    ------
    RequestError
        The node does not exist or has no log-likelihood.
    """
    if node is None:
        return graph.topmost()
    if not graph[node].is_density:
        message = (
            f"has no log-likelihood (nodes that have: {', '.join(graph.density_nodes) or 'none'})"
        )
        raise RequestError(message, node=node)
    return node


def score_name(graph: Graph, name: str | None) -> str:
    """Return the score that is meant, such as ``gmm3.least``; None is the topmost node's mean.

    Raises
    ------
    RequestError
        There is no such node, or it has no such score.
    """
    if name is None or node_of(name) == name:
        return scored_node(graph, name)
    node = scored_node(graph, node_of(name))
    if name not in _names(graph, node):
        h, w, _ = graph[node].shape
        message = (
            f"has {h}x{w} positions and the scores {', '.join(_names(graph, node))}: no {name}"
        )
        raise RequestError(message, node=node)
    return name


def node_of(name: str) -> str:
    """Return the node whose score is named."""
    return name.removesuffix(LEAST).removesuffix(WITHIN)


def score_names(graph: Graph) -> tuple[str, ...]:
    """Return all scores of a graph's density nodes, bottom up."""
    return tuple(name for node in graph.density_nodes for name in _names(graph, node))


def compared_nodes(graph: Graph) -> tuple[str, ...]:
    """Return the nodes whose images are compared with others of the same component."""
    return tuple(node for node in graph.density_nodes if node + WITHIN in _names(graph, node))


def calibration_names(graph: Graph) -> tuple[str, ...]:
    """Return what a model keeps of its training images' scores: quantiles, and tables."""
    return (*score_names(graph), *table_sizes(graph))


def table_sizes(graph: Graph) -> dict[str, int]:
    """Return the tables' names, and how many numbers each holds: one for each component."""
    return {
        node + WITHIN + table: graph[node].shape[2]
        for node in compared_nodes(graph)
        for table in TABLES
    }


def _names(graph: Graph, node: str) -> tuple[str, str]:
    h, w, _ = graph[node].shape
    return node, node + (LEAST if h * w > 1 else WITHIN)
