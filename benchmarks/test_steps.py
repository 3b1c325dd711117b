"""Every piece of work of A to G, and its kernels, for comparison from one version to the next.

    pip install -e ".[bench]"
    pytest benchmarks --benchmark-autosave            # remember
    pytest benchmarks --benchmark-compare             # compare with what was remembered

Times are of the processor, on one thread. Ratios to the floor and to other libraries are those of
`peers.py`, which lets them take turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from paper_graphs import NOTATION, paper_graph, ready
from threadpoolctl import threadpool_limits

from dcgraph.backends.numpy.backend import NumpyBackend
from dcgraph.layers.gmm.density import pack

pytest.importorskip("pytest_benchmark")
pytestmark = pytest.mark.benchmark(timer=time.process_time, min_rounds=5, max_time=0.5)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize("work", ["forward", "train", "anneal", "sample", "inpaint"])
@pytest.mark.parametrize("parameters", ["shared", "per-position"])
@pytest.mark.parametrize("name", NOTATION)
def test_batch_of_100(benchmark: Any, name: str, parameters: str, work: Any) -> None:
    benchmark.group = f"{name} {parameters}"
    benchmark(ready(paper_graph(name, share=parameters == "shared"), 100).work(work))


@pytest.mark.parametrize("batch", [1, 10, 1000])
@pytest.mark.parametrize("work", ["forward", "train", "sample"])
@pytest.mark.parametrize("name", ["A", "E"])
def test_other_batches(benchmark: Any, name: str, work: Any, batch: int) -> None:
    benchmark.group = f"{name} {work}"
    benchmark(ready(paper_graph(name), batch).work(work))


OPS = NumpyBackend(1)
RNG = np.random.default_rng(0)
GMM1 = RNG.random((8, 28, 28, 1), np.float32)
GMM2 = RNG.random((4, 26, 26, 25), np.float32)
PARAMETERS = {
    "means": RNG.random((1, 49, 3600), np.float32),
    "precision_sqrt": 1 + RNG.random((1, 49, 3600), np.float32),
    "weight_logits": np.zeros((1, 49), np.float32),
    "offset": np.zeros((), np.float32),
}
KERNELS: dict[str, Callable[[], Any]] = {
    "fold 3x3 of 1 channel": lambda: OPS.fold(GMM1, (3, 3), (1, 1)),
    "fold 4x4 of 25 channels": lambda: OPS.fold(GMM2, (4, 4), (2, 2)),
    "pool 2x2": lambda: OPS.pool_max(GMM2, (2, 2), (2, 2), (13, 13)),
    "pool 3x3, overlapping": lambda: OPS.pool_max(GMM2, (3, 3), (1, 1), (24, 24)),
    "pack 49 x 3600": lambda: pack(np, PARAMETERS),
}


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernel(benchmark: Any, kernel: str) -> None:
    benchmark.group = "kernels"
    benchmark(KERNELS[kernel])
