"""The bare products: how many there are, of which sizes."""

from __future__ import annotations

import numpy as np
import pytest

from dcgraph.benchmark.floor import floor, has_floor
from dcgraph.graph.load import load_graph


@pytest.fixture
def multiplications(monkeypatch):
    """Count the multiplications of all matrix products."""
    counted = []
    product = np.matmul

    def counting(a, b, **settings):
        counted.append(np.prod(a.shape) * b.shape[-1])
        return product(a, b, **settings)

    monkeypatch.setattr(np, "matmul", counting)
    return counted


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("layout", ["whole", "blocks"])
@pytest.mark.parametrize("statistics", [True, False])
def test_both_layouts_do_the_products_of_a_batch(multiplications, share, layout, statistics):
    settings = [] if share else ["gmm1.share=false"]
    graph = load_graph("F(3,1)-G(25)-F(2,1)-G(4)", overrides=settings, shape=(9, 8, 2))
    run = floor(graph, graph.density_nodes, 70, statistics=statistics, layout=layout)
    multiplications.clear()
    run()
    rows, dimensions = 70 * 7 * 6, 3 * 3 * 2
    first = rows * 2 * dimensions * 25
    second = 70 * 6 * 5 * 2 * (2 * 2 * 25) * 4
    assert sum(multiplications) == (first + second) * (2 if statistics else 1)


def test_mixtures_alone_have_a_floor():
    graph = load_graph("F(3,1)-G(25)-C(10)", shape=(9, 8, 2))
    assert {name for name, node in graph.nodes.items() if has_floor(node)} == {"gmm1"}
