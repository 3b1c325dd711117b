"""Timing a graph on a device: nothing counts before it is done there."""

from __future__ import annotations

import pytest
from emulation.arrays import Waits

from dcgraph.benchmark.rows import WHOLE, bench
from dcgraph.graph.load import load_graph


@pytest.mark.parametrize("work", ["forward", "train", "sample"])
def test_nodes_and_the_whole_are_timed_until_they_are_done(cupy_ops, work):
    graph = load_graph("F(2,1)-G(4)-F(2,1)-G(4)", shape=(4, 3, 1))
    before = Waits.count
    rows = list(bench(graph, cupy_ops, works=[work], batches=[3], seconds=0.01))
    assert rows[-1].node == WHOLE
    assert {row.node for row in rows} >= {"gmm1", "gmm2"}
    assert all(row.wall > 0 and row.floor is None and row.peak is None for row in rows)
    if not hasattr(cupy_ops.device, "index"):  # an emulated device counts
        assert Waits.count - before >= 3 * len(rows)
