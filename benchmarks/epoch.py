"""An epoch of MNIST with everything a user waits for, against the floor of its steps.

    DCGRAPH_DATA=... python benchmarks/epoch.py [GRAPH] [EPOCHS]

Counted are the loading of the images, training, writing the model, evaluation on the test images
and calibration; not counted is the time Python takes to start (see `startup.py`). The floor, on
arrays of whole batches, is measured before and after.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

from threadpoolctl import threadpool_limits

from dcgraph.benchmark.clock import time_together
from dcgraph.benchmark.floor import floor
from dcgraph.data.dataset import open_dataset
from dcgraph.data.directory import data_directory
from dcgraph.graph.graph import Graph
from dcgraph.plugin.manager import built_in_plugins
from dcgraph.storage.origin import graph_from
from dcgraph.training.run import run


def floors(graph: Graph) -> list[float]:
    """Return the processor seconds of a step's products, on whole batches and in the cache."""
    batch = graph.train.batch_size
    works = [
        floor(graph, graph.density_nodes, batch, statistics=True, layout=layout)
        for layout in ("whole", "blocks")
    ]
    with threadpool_limits(1):
        return [timing.cpu for timing in time_together(works, 3.0)]


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "dcgmm_e"
    epochs = sys.argv[2] if len(sys.argv) > 2 else "1"
    settings = [f"train.epochs={epochs}"]
    graph = graph_from(name, overrides=settings, plugins=built_in_plugins())
    assert graph.data is not None
    before = floors(graph)
    began, spent = perf_counter(), process_time()
    data = open_dataset(graph.data, graph[graph.inputs[0]].shape, data_directory(None))
    with tempfile.TemporaryDirectory() as folder:
        record = run(graph, data, output=Path(folder) / "model.h5", threads=1)
    cpu, wall = process_time() - spent, perf_counter() - began
    after = floors(graph)
    print(f"{name}: {record.total_steps} steps, {cpu:.1f} s of the processor, {wall:.1f} s")
    print({node: metrics.get("auc") for node, metrics in record.metrics.items()})
    for label, first, last in zip(("floor", "floor in cache"), before, after, strict=True):
        least = record.total_steps * (first + last) / 2
        print(f"{label}: {1e3 * first:.1f} and {1e3 * last:.1f} ms a step; ratio {cpu / least:.2f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
