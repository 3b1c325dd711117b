"""A graph that has been proved sound: what the rest of the package works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dcgraph.contracts.annealing import Annealing
from dcgraph.contracts.kernel import Fusion, Kernel
from dcgraph.contracts.layer import Layer, TrainableLayer
from dcgraph.contracts.merge import Merge
from dcgraph.contracts.optimizer import Optimizer
from dcgraph.errors import Problem, RequestError
from dcgraph.graph.specs import DataSpec, TrainSpec
from dcgraph.signal import Shape

if TYPE_CHECKING:
    import networkx as nx

FORWARD, CONTROL = "forward", "control"


@dataclass(frozen=True, slots=True)
class Node:
    """A layer in its place.

    Attributes
    ----------
    name : str
    layer : Layer
        Its `sampling` settings are those of the graph.
    inputs : tuple of str
        Nodes whose outputs it takes, in order.
    input_shapes : tuple of (h, w, c)
    shape : (h, w, c)
        Of its output.
    optimizer, annealing : or None
        None for nodes that do not learn; a node with an optimizer has an annealing schedule.
    merge : Merge or None
        Combines control signals; set where two or more meet.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    shape: Shape
    optimizer: Optimizer | None = None
    annealing: Annealing | None = None
    merge: Merge | None = None

    @property
    def is_density(self) -> bool:
        """Whether the node has a log-likelihood."""
        return isinstance(self.layer, TrainableLayer) and self.layer.is_density


@dataclass(frozen=True)
class Graph:
    """Nodes in topological order, and both kinds of edge.

    Attributes
    ----------
    name : str
    nodes : mapping of str to Node
        In a topological order of the forward edges.
    edges : networkx.MultiDiGraph
        Edge (u, v) with key "forward" or "control". Forward edges carry `position`, the index of
        u among v's inputs.
    data : DataSpec or None
    train : TrainSpec
    document : mapping
        The expanded graph file, every default written out: what `yaml` and model files hold.
    warnings : tuple of Problem
        What is sound but worth knowing.
    additions : tuple of Kernel or Fusion
        What the plugins it was built with add to a backend.
    """

    name: str
    nodes: Mapping[str, Node]
    edges: nx.MultiDiGraph[str] = field(compare=False)  # the document holds them too
    train: TrainSpec
    data: DataSpec | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
    additions: tuple[Kernel | Fusion, ...] = field(default=(), compare=False)

    def __getitem__(self, name: str) -> Node:
        """Return a node.

        Raises
        ------
        RequestError
            There is no such node; the message names the nearest and all of them.
        """
        from dcgraph.plugin.registry import nearest

        if name not in self.nodes:
            message = (
                f"graph '{self.name}' has no node '{name}'{nearest(name, list(self.nodes))} "
                f"(nodes: {', '.join(self.nodes)})"
            )
            raise RequestError(message, node=name)
        return self.nodes[name]

    def only(self, kind: str) -> nx.DiGraph[str]:
        """Return a graph of the edges of one kind, "forward" or "control"."""
        import networkx as nx

        chosen: nx.DiGraph[str] = nx.DiGraph()
        chosen.add_nodes_from(self.nodes)
        chosen.add_edges_from((u, v) for u, v, key in self.edges.edges(keys=True) if key == kind)
        return chosen

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the nodes that take nothing: where images, and labels, enter."""
        return tuple(name for name, node in self.nodes.items() if not node.inputs)

    def fed(self, what: str) -> tuple[str, ...]:
        """Return the inputs that are fed "images" or "labels"."""
        return tuple(name for name in self.inputs if self.nodes[name].layer.feeds == what)

    @property
    def entry(self) -> str:
        """Name of the node where images enter; the first, if there are several."""
        return self.fed("images")[0]

    def consumers(self, name: str) -> tuple[str, ...]:
        """Return the nodes that take this node's output, in topological order."""
        return tuple(other for other, node in self.nodes.items() if name in node.inputs)

    def control_targets(self, name: str) -> tuple[str, ...]:
        """Return the nodes this node sends control signals to."""
        return tuple(v for _, v, kind in self.edges.out_edges(name, keys=True) if kind == CONTROL)

    def control_sources(self, name: str) -> tuple[str, ...]:
        """Return the nodes this node receives control signals from."""
        return tuple(u for u, _, kind in self.edges.in_edges(name, keys=True) if kind == CONTROL)

    def descendants(self, name: str) -> frozenset[str]:
        """Return all nodes that the forward edges lead to from here."""
        found: set[str] = set()
        for other, node in self.nodes.items():
            if any(parent == name or parent in found for parent in node.inputs):
                found.add(other)
        return frozenset(found)

    @property
    def trainable(self) -> tuple[str, ...]:
        """Names of the nodes that learn, bottom up."""
        return tuple(name for name, node in self.nodes.items() if node.optimizer is not None)

    @property
    def density_nodes(self) -> tuple[str, ...]:
        """Names of the nodes that have a log-likelihood, bottom up."""
        return tuple(name for name, node in self.nodes.items() if node.is_density)

    def topmost(self) -> str:
        """Return the density node with no density node above it.

        Raises
        ------
        RequestError
            There is none, or there are several, which the message lists.
        """
        density = self.density_nodes
        top = [name for name in density if not self.descendants(name) & set(density)]
        if len(top) == 1:
            return top[0]
        if not top:
            message = f"graph '{self.name}' has no node with a log-likelihood: add a gmm node"
        else:
            message = (
                f"graph '{self.name}' has several topmost density nodes ({', '.join(top)}): "
                "say which one by `node`"
            )
        raise RequestError(message)
