"""The graphs A to G of the paper, with shared parameters or one set per position."""

from __future__ import annotations

from dcgraph.backends.numpy.backend import NumpyBackend
from dcgraph.benchmark.subject import Subject, subject
from dcgraph.graph.graph import Graph
from dcgraph.graph.load import load_graph
from dcgraph.signal import Shape

NOTATION = {
    "A": "F(28,1)-G(49)",
    "B": "F(8,2)-G(49)-F(11,1)-G(49)",
    "C": "F(8,1)-G(49)-P(2,2)-F(10,1)-G(49)",
    "D": "F(3,1)-G(25)-P(2,2)-F(4,1)-G(25)-P(2,2)-F(5,1)-G(49)",
    "E": "F(3,1)-G(25)-F(4,2)-G(25)-F(12,1)-G(49)",
    "F": "F(3,1)-G(25)-F(4,2)-G(25)-F(4,2)-G(25)-F(5,1)-G(49)",
    "G": "F(3,1)-G(25)-P(2,2)-F(3,1)-G(25)-P(2,2,ceil)-F(3,1)-G(25)-P(2,2)-F(2,1)-G(49)",
}


def paper_graph(name: str, *, share: bool = True) -> Graph:
    """Return a graph of the paper for 28 x 28 images, trained by EM."""
    return graph_of(NOTATION[name], share=share)


def graph_of(notation: str, shape: Shape = (28, 28, 1), *, share: bool = True) -> Graph:
    """Return the graph of a notation for images of a shape."""
    mixtures = [f"gmm{i + 1}" for i in range(notation.count("G("))]
    settings = [] if share else [f"{mixture}.share=false" for mixture in mixtures]
    return load_graph(notation, overrides=settings, shape=shape)


def ready(graph: Graph, batch: int, threads: int = 1) -> Subject:
    """Return a graph that has learned for some steps, on NumPy."""
    return subject(graph, NumpyBackend(threads), batch)
