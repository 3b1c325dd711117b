"""The matrix products a mixture cannot avoid, alone: what everything else is measured against.

Scores are products of ``[x, x^2]`` with a weight matrix, statistics those of the assignments with
``[x, x^2]``. Nothing else is done here: no patch is built and no exponential taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dcgraph.graph.graph import Graph, Node
from dcgraph.layers.gmm import GaussianMixture

Layout = Literal["whole", "blocks"]
CACHE_BYTES = 2**18  # of one block's rows: with weights and results, they stay in the cache
ROWS_MIN = 128  # fewer make slow products


def floor(
    graph: Graph, names: Sequence[str], batch: int, *, statistics: bool, layout: Layout
) -> Callable[[], None]:
    """Return a function that does the products of some mixture nodes for one batch.

    Parameters
    ----------
    statistics : bool
        With those of the statistics; else those of the scores alone.
    layout : {"whole", "blocks"}
        On arrays of the whole batch, each product once; or on a block of rows over and over again,
        which stays in the processor's cache, so that arithmetic alone is left.
    """
    make = _whole if layout == "whole" else _blocks
    works = [make(*_sizes(graph[name], batch), statistics=statistics) for name in names]

    def run() -> None:
        for work in works:
            work()

    return run


def has_floor(node: Node) -> bool:
    """Return whether a node is a mixture, whose products are known."""
    return isinstance(node.layer, GaussianMixture)


def _sizes(node: Node, batch: int) -> tuple[int, int, int, int]:
    """Return the parameter sets, the rows that share one, 2 d, and K."""
    ((h, w, d),) = node.input_shapes
    layer = node.layer
    assert isinstance(layer, GaussianMixture)  # has a floor
    sets = 1 if layer.share else h * w
    return sets, batch * h * w // sets, 2 * d, layer.components


def _whole(
    sets: int, rows: int, terms: int, components: int, *, statistics: bool
) -> Callable[[], None]:
    x, matrix, assignment = _operands(sets, rows, terms, components)

    def work() -> None:
        np.matmul(x, matrix)
        if statistics:
            np.matmul(assignment, x)

    return work


def _blocks(
    sets: int, rows: int, terms: int, components: int, *, statistics: bool
) -> Callable[[], None]:
    # one set at a time, or several where they have few rows
    rows_at_once = min(rows, max(ROWS_MIN, CACHE_BYTES // (4 * terms)))
    sets_at_once = min(sets, max(1, CACHE_BYTES // (4 * terms * (rows_at_once + components))))
    x, matrix, assignment = _operands(sets_at_once, rows_at_once, terms, components)
    scores = np.empty((sets_at_once, rows_at_once, components), np.float32)
    sums = np.empty((sets_at_once, components, terms), np.float32)
    pieces = [
        (min(sets_at_once, sets - i), min(rows_at_once, rows - j))
        for i in range(0, sets, sets_at_once)
        for j in range(0, rows, rows_at_once)
    ]

    def work() -> None:
        for i, j in pieces:
            np.matmul(x[:i, :j], matrix[:i], out=scores[:i, :j])
            if statistics:
                np.matmul(assignment[:i, :, :j], x[:i, :j], out=sums[:i])

    return work


def _operands(
    sets: int, rows: int, terms: int, components: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    rng = np.random.default_rng(0)
    return (
        rng.random((sets, rows, terms), dtype=np.float32),
        rng.random((sets, terms, components), dtype=np.float32),
        rng.random((sets, components, rows), dtype=np.float32),
    )
