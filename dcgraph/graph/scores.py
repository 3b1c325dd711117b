"""What an image's scores are called.

At each of its positions a density node has a log-likelihood. ``gmm3`` names their mean over the
node's positions, ``gmm3.least`` the one at the position where the image is least likely: an image
may be unusual in one place alone. A node of one position has one score.
"""

from __future__ import annotations

from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph

LEAST = ".least"


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
    """Return the score that is meant, ``gmm3`` or ``gmm3.least``; None is the topmost node's mean.

    Raises
    ------
    RequestError
        There is no such node, it has no log-likelihood, or one position alone.
    """
    if name is None or not name.endswith(LEAST):
        return scored_node(graph, name)
    node = scored_node(graph, node_of(name))
    if not has_least(graph, node):
        message = f"has one position alone, whose score is {node}: there is no {name}"
        raise RequestError(message, node=node)
    return name


def node_of(name: str) -> str:
    """Return the node whose score is named."""
    return name.removesuffix(LEAST)


def has_least(graph: Graph, node: str) -> bool:
    """Return whether a node has several positions, and so a least likely one."""
    h, w, _ = graph[node].shape
    return h * w > 1


def score_names(graph: Graph) -> tuple[str, ...]:
    """Return all scores of a graph's density nodes, bottom up."""
    names = []
    for node in graph.density_nodes:
        names += [node, node + LEAST] if has_least(graph, node) else [node]
    return tuple(names)
