"""An epoch of MNIST with everything a user waits for, against the floor of its steps.

    DCGRAPH_DATA=... python benchmarks/epoch.py [GRAPH] [EPOCHS] [--backend numpy|cupy]

Counted are the loading of the images, training, writing the model, evaluation on the test images
and calibration; not counted is the time Python takes to start (see `startup.py`). The floor, on
arrays of whole batches, is measured before and after, for NumPy. With ``--backend cupy`` the epoch
is run three times: the first one compiles kernels, if no program has before. The training alone is
timed as well, from the first batch to the last.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path
from time import perf_counter, process_time

from threadpoolctl import threadpool_limits

from dcgraph.benchmark.clock import time_together
from dcgraph.benchmark.floor import floor
from dcgraph.contracts.events import BatchEnded, Event, Observer, Started
from dcgraph.data.dataset import open_dataset
from dcgraph.data.directory import data_directory
from dcgraph.graph.graph import Graph
from dcgraph.plugin.manager import built_in_plugins
from dcgraph.storage.origin import graph_from
from dcgraph.storage.record import ModelRecord
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("graph", nargs="?", default="dcgmm_e")
    parser.add_argument("epochs", nargs="?", default="1")
    parser.add_argument("--backend", choices=["numpy", "cupy"], default="numpy")
    chosen = parser.parse_args()
    settings = [f"train.epochs={chosen.epochs}"]
    graph = graph_from(chosen.graph, overrides=settings, plugins=built_in_plugins())
    if chosen.backend == "cupy":
        for _ in range(3):
            told(graph, *epoch(graph, "cupy"))
        return
    before = floors(graph)
    record, *times = epoch(graph, "numpy")
    after = floors(graph)
    told(graph, record, *times)
    for label, first, last in zip(("floor", "floor in cache"), before, after, strict=True):
        least = record.total_steps * (first + last) / 2
        ratio = f"ratio {times[0] / least:.2f}"
        print(f"{label}: {1e3 * first:.1f} and {1e3 * last:.1f} ms a step; {ratio}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


class Steps(Observer):
    """Hears when training begins and when its last batch is done."""

    def notify(self, event: Event) -> None:
        if isinstance(event, Started):
            self.began = perf_counter()
        if isinstance(event, BatchEnded) and event.step == event.total_steps:
            self.seconds = perf_counter() - self.began


def epoch(graph: Graph, backend: str) -> tuple[ModelRecord, float, float, float]:
    """Return a run, and its seconds: of the processor, by the clock, by the clock in training."""
    assert graph.data is not None
    heard = Steps()
    began, spent = perf_counter(), process_time()
    data = open_dataset(graph.data, graph[graph.inputs[0]].shape, data_directory(None))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        record = run(graph, data, output=path, backend=backend, threads=1, observers=[heard])
    return record, process_time() - spent, perf_counter() - began, heard.seconds


def told(graph: Graph, record: ModelRecord, cpu: float, wall: float, training: float) -> None:
    """Print how long a run took."""
    times = f"{cpu:.1f} s of the processor, {wall:.2f} s, {training:.2f} s of them training"
    print(f"{graph.name}: {record.total_steps} steps, {times}")
    print({node: metrics.get("auc") for node, metrics in record.metrics.items()})


if __name__ == "__main__":
    main()
