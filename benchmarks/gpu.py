"""Images per second of training steps of A to G on a GPU, beside PyTorch's, in turns.

    python benchmarks/gpu.py [GRAPHS] [--batches 100,1000,10000] [--device N] [--seconds S]
                             [--no-torch] [--compile] [--backend cupy|numpy] [--numpy]

Prints a Markdown table, with the date, the device and the versions above it. A step observes a
batch that lies on the device, updates every mixture by EM and smooths nothing, as after annealing;
it is recorded once and replayed, and beside that executed call by call. ``--numpy`` adds the NumPy
backend on one thread. PyTorch's steps are those of `torch_mixture`: with autograd and in closed
form, eager, and with ``--compile`` the closed form under ``torch.compile(mode="reduce-overhead")``.
Each round waits for the device once, at its end.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from time import perf_counter
from typing import Any

from paper_graphs import NOTATION, paper_graph
from threadpoolctl import threadpool_limits

from dcgraph.backends.contract import Backend
from dcgraph.backends.select import backends, make_backend
from dcgraph.benchmark.subject import subject, synthetic_images
from dcgraph.engine.scheduler import Moment, Scheduler
from dcgraph.graph.graph import Graph
from dcgraph.signal import Signal

ROUND = 0.1  # seconds of work between two waits for the device
ROUNDS = 3  # at least

Step = Callable[[], object]


def our_steps(graph: Graph, ops: Backend, batch: int) -> dict[str, Step]:
    """Return training steps by name; every call learns from the same images."""
    made = subject(graph, ops, batch)
    work = made.work("train")  # leaves the scheduler at the end of annealing
    work()
    scheduler, plan = made.scheduler, made.plan("train")
    (entry,) = graph.inputs
    images = synthetic_images(graph[entry].shape, batch)
    feed = {entry: Signal(ops.asarray(images, scheduler.dtype))}
    moment = Moment(1.0, 1.0)
    found: dict[str, Step] = {"dcgraph": lambda: scheduler.train(plan, feed, None, moment)}
    if ops.record is not None:
        found["call by call"] = lambda: Scheduler.train(scheduler, plan, feed, None, moment)
    return found


def torch_steps(graph: Graph, batch: int, place: str, *, compiled: bool) -> dict[str, Step]:
    """Return PyTorch's training steps by name."""
    import torch
    from torch_mixture import Peer

    (entry,) = graph.inputs
    images = torch.from_numpy(synthetic_images(graph[entry].shape, batch)).permute(0, 3, 1, 2)
    images = images.contiguous().to(place)

    learned, closed = Peer(graph).to(place), Peer(graph).to(place)
    steps: dict[str, Step] = {
        "torch autograd": lambda: learned.step(images, autograd=True),
        "torch closed form": lambda: closed.step(images, autograd=False),
    }
    if compiled:
        fast = torch.compile(Peer(graph).to(place), mode="reduce-overhead")
        steps["torch.compile"] = lambda: fast(images)
    return steps


def rates(
    steps: dict[str, Step], wait: Callable[[], Any], batch: int, seconds: float
) -> list[float]:
    """Return images per second of each step, medians over rounds that take turns."""
    repeats = []
    for step in steps.values():
        for _ in range(3):  # kernels are compiled, memory is taken
            step()
        wait()
        began = perf_counter()
        step()
        wait()
        repeats.append(max(1, round(ROUND / max(perf_counter() - began, 1e-6))))
    times: list[list[float]] = [[] for _ in steps]
    end = perf_counter() + seconds
    while len(times[0]) < ROUNDS or perf_counter() < end:
        for index, step in enumerate(steps.values()):
            began = perf_counter()
            for _ in range(repeats[index]):
                step()
            wait()
            times[index].append((perf_counter() - began) / repeats[index])
    return [batch / median(each) for each in times]


def heading(backend: str) -> str:
    """Return what a table must say of where it comes from."""
    kind = backend.partition(":")[0]
    reason = next(status.reason for status in backends() if status.name == kind)
    versions = [f"{datetime.now(UTC):%Y-%m-%d}", backend, reason]
    for package in ("dcgraph", "cupy-cuda13x", "torch"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(versions)


def waiting(backend: str, *, with_torch: bool) -> Callable[[], None]:
    """Return a function that waits for all work on the device."""

    def wait() -> None:
        if backend.startswith("cupy"):
            import cupy

            cupy.cuda.Device().synchronize()
        if with_torch:
            import torch

            if torch.cuda.is_available():
                torch.cuda.synchronize()

    return wait


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("graphs", nargs="?", default="".join(NOTATION))
    parser.add_argument("--batches", default="100,1000,10000")
    parser.add_argument("--backend", choices=["cupy", "numpy"], default="cupy")
    parser.add_argument("--device", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--numpy", action="store_true")
    chosen = parser.parse_args()
    name = f"cupy:{chosen.device}" if chosen.backend == "cupy" else "numpy"
    place = f"cuda:{chosen.device}" if chosen.backend == "cupy" else "cpu"
    additions = paper_graph("A").additions
    ops = make_backend(name, additions=additions)
    wait = waiting(name, with_torch=not chosen.no_torch)
    print(heading(name) + "\n")
    titled = False
    for letter in chosen.graphs:
        graph = paper_graph(letter)
        for batch in map(int, chosen.batches.split(",")):
            steps = our_steps(graph, ops, batch)
            if chosen.numpy:
                here = make_backend("numpy", additions=additions)
                steps["NumPy"] = our_steps(graph, here, batch)["dcgraph"]
            if not chosen.no_torch:
                steps |= torch_steps(graph, batch, place, compiled=chosen.compile)
            if not titled:
                titles = ["graph", "batch", *steps]
                print(f"| {' | '.join(titles)} |\n{'|---' * len(titles)}|")
                titled = True
            with threadpool_limits(1):
                found = rates(steps, wait, batch, chosen.seconds)
            cells = [letter, str(batch), *(f"{rate:,.0f}" for rate in found)]
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
