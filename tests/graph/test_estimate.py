from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dcgraph.errors import GraphError
from dcgraph.graph.estimate import estimate, in_bytes, machine_memory
from dcgraph.graph.load import load_graph


@pytest.mark.parametrize("source", ["dcgmm_e", "F(3)-G(25)-P(2)-F(3)-G(16)-C(10)"])
@pytest.mark.parametrize("share", [True, False])
def test_counts_the_parameters_that_there_will_be(source: str, share: bool) -> None:
    graph = load_graph(source)
    graph = load_graph(
        graph, overrides=[f"{name}.share={str(share).lower()}" for name in graph.density_nodes]
    )
    rng = np.random.default_rng(0)
    made = {
        name: node.layer.init(node.input_shapes, rng, np.float32)
        for name, node in graph.nodes.items()
    }
    counts = {name: sum(array.size for array in arrays.values()) for name, arrays in made.items()}
    costs = estimate(graph)
    assert {row.name: row.parameters for row in costs.nodes} == counts
    assert costs.parameters == sum(counts.values())


def test_memory_grows_with_batches_and_element_size() -> None:
    graph = load_graph("dcgmm_e")
    small = estimate(graph)
    assert small.peak_bytes == small.fixed_bytes + 100 * small.image_bytes
    assert small.image_bytes > 4 * sum(np.prod(node.shape) for node in graph.nodes.values())
    large = estimate(load_graph(graph, overrides=["train.batch_size=200"]))
    assert large.peak_bytes - small.peak_bytes == pytest.approx(100 * small.image_bytes)
    wide = estimate(load_graph(graph, overrides=["train.dtype=float64"]))
    assert 1.9 < wide.peak_bytes / small.peak_bytes <= 2
    limited = estimate(load_graph(graph, overrides=["data.limit=10"]))
    assert limited.peak_bytes == limited.fixed_bytes + 10 * limited.image_bytes
    assert limited.flops_per_step == 10 * limited.flops_per_image


def test_a_frozen_node_holds_its_parameters_once() -> None:
    overrides = ["gmm1.annealing=off", "data.source=mnist"]
    learning = estimate(load_graph("F(28)-G(9)", overrides=overrides))
    frozen = estimate(load_graph("F(28)-G(9)", overrides=["gmm1.trainable=false", *overrides[1:]]))
    assert learning.fixed_bytes == 4 * frozen.fixed_bytes


def sizes(memory: int) -> Any:
    return {"SC_PAGE_SIZE": 1, "SC_PHYS_PAGES": memory}.__getitem__


def test_a_graph_beyond_the_machine_is_refused_with_numbers_and_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needed = estimate(load_graph("dcgmm_e"))
    monkeypatch.setattr("os.sysconf", sizes(int(needed.peak_bytes) + 1))
    load_graph("dcgmm_e")
    monkeypatch.setattr("os.sysconf", sizes(int(needed.peak_bytes) - 1))
    with pytest.raises(GraphError, match=r"68 MiB.*at most 99$") as caught:
        load_graph("dcgmm_e")
    assert caught.value.problem.field == "train.batch_size"
    load_graph("dcgmm_e", overrides=["train.batch_size=99"])
    monkeypatch.setattr("os.sysconf", sizes(int(needed.fixed_bytes)))
    with pytest.raises(GraphError, match="takes the most") as caught:
        load_graph("dcgmm_e")
    assert caught.value.problem.node == "gmm3"


def test_a_system_that_does_not_say_refuses_only_the_absurd(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("os.sysconf")
    assert machine_memory() is None
    assert load_graph("dcgmm_e").name == "dcgmm-e"
    with pytest.raises(GraphError, match="this machine has"):
        load_graph(
            "dcgmm_e", overrides=["image.shape=[1000000000, 1000000000, 1]", "data.fit=resize"]
        )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (10 * 2**20, "10 MiB"),
        (1.5 * 2**40, "1.5 TiB"),
        (1e300, "more than 1024 EiB"),
        (10**400, "more than 1024 EiB"),
    ],
)
def test_bytes_are_written_for_people(number: float, text: str) -> None:
    assert in_bytes(number) == text
