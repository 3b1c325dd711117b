"""The graphs with published constants: the same architectures, and what the graph files say."""

from __future__ import annotations

import pytest

from dcgraph.annealing import Stationarity
from dcgraph.graph.graph import Graph
from dcgraph.graph.load import load_graph
from dcgraph.layers import GaussianMixture
from dcgraph.optimizers import GradientAscent

# epochs, rates of precisions and weights, delays
PUBLISHED = {
    "a": (80, 0.5, 0.5, [0.0]),
    "b": (80, 0.1, 0.2, [0.0, 0.1]),
    "c": (15, 0.1, 0.2, [0.0, 0.1]),
    "d": (20, 0.1, 0.2, [0.0, 0.1, 0.2]),
    "e": (80, 0.1, 0.2, [0.0, 0.1, 0.2]),
    "f": (80, 0.1, 0.0, [0.0, 0.1, 0.2, 0.3]),
    "g": (25, 0.1, 0.0, [0.0, 0.1, 0.2, 0.3]),
}


def mixtures(graph: Graph) -> list[GaussianMixture]:
    layers = [node.layer for node in graph.nodes.values()]
    return [layer for layer in layers if isinstance(layer, GaussianMixture)]


@pytest.mark.parametrize("letter", PUBLISHED)
def test_the_architecture_is_that_of_the_package_s_own_graph(letter: str) -> None:
    paper, own = load_graph(f"paper/dcgmm_{letter}"), load_graph(f"dcgmm_{letter}")
    for name, node in own.nodes.items():
        assert paper[name].shape == node.shape
        assert paper[name].layer.type == node.layer.type
    assert not paper.warnings


@pytest.mark.parametrize("letter", PUBLISHED)
def test_the_constants_are_the_published_ones(letter: str) -> None:
    graph = load_graph(f"paper/dcgmm_{letter}")
    epochs, precisions, weights, delays = PUBLISHED[letter]
    assert (graph.train.epochs, graph.train.batch_size) == (epochs, 100)
    optimizer = GradientAscent(
        rate=0.011,
        rate_floor=0.01,
        factors={"means": 1.0, "precision_sqrt": precisions, "weight_logits": weights},
    )
    for name in graph.trainable:
        assert graph[name].optimizer == optimizer
        assert graph[name].annealing == Stationarity()
    layers = mixtures(graph)
    assert [layer.delay for layer in layers] == delays
    for layer in layers:
        assert (layer.precision_max, layer.means_init, layer.means_from) == (20.0, 0.1, "uniform")
        assert layer.loss == "max_component"
        assert layer.sampling.divisor == (1.0 if letter == "a" else 20.0)
    # below the top, which has one position, every graph but A has parameters everywhere
    shared = [layer.share for layer in layers[:-1]]
    assert not any(shared)
