"""Run after run on a GPU for some minutes: does its memory stay as it is?

    python benchmarks/gpu_soak.py [--seconds 180] [--device N]

Each run trains DCGMM-E on synthetic images, samples, scores and in-paints. Printed is the device
memory in use after each tenth of the time, and how many runs there were.
"""

from __future__ import annotations

import argparse
import gc
from time import perf_counter

import numpy as np
from paper_graphs import NOTATION

from dcgraph.benchmark.subject import synthetic_images
from dcgraph.data.dataset import dataset_from_arrays
from dcgraph.graph.load import load_graph
from dcgraph.model import Model
from dcgraph.training.run import run

SHAPE = (28, 28, 1)


def used() -> float:
    """Return the device memory in use, MiB."""
    import cupy

    free, total = cupy.cuda.runtime.memGetInfo()
    return (total - free) / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--device", type=int, default=0)
    chosen = parser.parse_args()
    backend = f"cupy:{chosen.device}"
    graph = load_graph(NOTATION["E"], shape=SHAPE)
    images = synthetic_images(SHAPE, 5000)
    data = dataset_from_arrays(images, None, SHAPE)
    began, runs, told = perf_counter(), 0, 0
    while (spent := perf_counter() - began) < chosen.seconds:
        model = Model(run(graph, data, backend=backend), backend=backend)
        model.sample(100)
        model.log_likelihood(images[:500])
        model.inpaint(images[:20], np.arange(28)[:, None] < np.full(28, 14))
        runs += 1
        del model
        gc.collect()
        if spent >= told * chosen.seconds / 10:
            print(f"{spent:6.1f} s, {runs} runs: {used():,.0f} MiB in use", flush=True)
            told += 1
    print(f"{runs} runs in {perf_counter() - began:.0f} s: {used():,.0f} MiB in use")


if __name__ == "__main__":
    main()
