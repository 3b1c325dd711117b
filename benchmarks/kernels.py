"""Time of every CUDA kernel of a training step of A to G, beside the least it could take.

    python benchmarks/kernels.py [GRAPHS] [--batches 100,10000] [--device N] [--bandwidth 3.0]
                                 [--rate 60] [--annealing] [--replays 5]

Prints a Markdown table for each graph and batch. A step is observed call by call, as after
annealing, with ``--annealing`` as at its start; then each of its launches is recorded in a CUDA
graph, many times over, and the graph is replayed: a time is that of one launch among others on the
device. `GB/s` counts every array that a kernel is given once, `TFLOP/s` what a score product has to
compute. `floor` is the larger of both at the given bandwidth (TB/s) and rate (TFLOP/s, float32);
`cuBLAS` is the time of the same product of ``[x, x^2]`` that lies ready in memory.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from gpu import heading
from paper_graphs import NOTATION, paper_graph

from dcgraph.backends.cupy.backend import CupyBackend
from dcgraph.backends.extended import extended
from dcgraph.benchmark.subject import subject, synthetic_images
from dcgraph.engine.scheduler import Moment, Scheduler
from dcgraph.signal import Signal

# Which arguments are rows per set, sets, components and dimensions: a score takes four operations
# for each.
PRODUCTS = {
    "mixture_scores": (5, 6, 7, 8),
    "mixture_tensor": (5, 6, 7, 8),
    "mixture_narrow": (10, 11, 12),
}
LAUNCHES = 20  # of a kernel in one recording, or fewer where it is slow


@dataclass
class Launched:
    """One launch: its kernel, and all that it takes to repeat it."""

    name: str
    launch: Callable[[], None]
    args: tuple[Any, ...]

    @property
    def bytes(self) -> int:
        """Of the arrays that the kernel is given, each counted once."""
        arrays = {id(arg): int(arg.nbytes) for arg in self.args if hasattr(arg, "nbytes")}
        return sum(arrays.values())

    @property
    def product(self) -> list[int] | None:
        """Sizes of a score product."""
        places = PRODUCTS.get(self.name.partition("<")[0])
        return None if places is None else [int(self.args[place]) for place in places]

    @property
    def operations(self) -> float:
        total = 4.0
        for size in self.product or [0]:
            total *= size
        return total


@dataclass
class Watching:
    """A device that keeps what is launched on it."""

    device: Any
    launched: list[Launched] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.device, name)

    def kernel(self, source: str, expression: str) -> Callable[..., None]:
        kernel = self.device.kernel(source, expression)

        def launch(grid: Any, block: Any, args: Any, **options: Any) -> None:
            kernel(grid, block, args, **options)
            again = lambda: kernel(grid, block, args, **options)  # noqa: E731
            self.launched.append(Launched(expression, again, args))

        return launch


def microseconds(device: Any, work: Callable[[], Any], replays: int) -> float:
    """Return the time that work takes on the device, the median over replays."""
    cupy = device.xp
    once = _elapsed(cupy, work)
    repeats = max(2, min(LAUNCHES, round(2e4 / max(once, 1.0))))

    def repeated() -> None:
        for _ in range(repeats):
            work()

    _, recording = device.record(repeated)
    _elapsed(cupy, recording.replay)
    return median(_elapsed(cupy, recording.replay) for _ in range(replays)) / repeats


def _elapsed(cupy: Any, work: Callable[[], Any]) -> float:
    start, stop = cupy.cuda.Event(), cupy.cuda.Event()
    start.record()
    work()
    stop.record()
    stop.synchronize()
    return float(cupy.cuda.get_elapsed_time(start, stop)) * 1000


def launches_of_a_step(letter: str, batch: int, device: Any, *, annealing: bool) -> list[Launched]:
    """Return what one training step launches, with the arrays that it was given."""
    graph = paper_graph(letter)
    watching = Watching(device)
    ops = extended(CupyBackend(watching), graph.additions)
    made = subject(graph, ops, batch)
    work = "anneal" if annealing else "train"
    made.work(work)  # leaves the scheduler at this point of annealing
    scheduler, plan = made.scheduler, made.plan(work)
    (entry,) = graph.inputs
    images = synthetic_images(graph[entry].shape, batch)
    feed = {entry: Signal(ops.asarray(images, scheduler.dtype))}
    watching.launched.clear()
    Scheduler.train(scheduler, plan, feed, None, Moment(0.0 if annealing else 1.0, 1.0))
    device.xp.cuda.Device().synchronize()
    return list(watching.launched)


def cublas(device: Any, sizes: list[int], replays: int) -> float:
    """Return the time of the product of [x, x^2] with the weights of all components."""
    cupy = device.xp
    *rows, components, depth = sizes
    sets = rows[1] if len(rows) == 2 else 1
    left = cupy.random.random((sets, rows[0], 2 * depth), dtype="float32")
    right = cupy.random.random((sets, 2 * depth, components), dtype="float32")
    return microseconds(device, lambda: device.matmul(left, right), replays)


def row(launched: Launched, device: Any, chosen: argparse.Namespace) -> tuple[float, list[str]]:
    """Return the time of a launch, and the cells of its line."""
    time = microseconds(device, launched.launch, chosen.replays)
    moved, computed = launched.bytes, launched.operations
    floor = max(moved / chosen.bandwidth, computed / chosen.rate) * 1e-6
    cells = [launched.name, f"{time:.1f}", f"{floor:.1f}", f"{moved / time * 1e-3:,.0f}"]
    if launched.product is None:
        return time, [*cells, "", ""]
    beside = cublas(device, launched.product, chosen.replays)
    return time, [*cells, f"{computed / time * 1e-6:.1f}", f"{beside:.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("graphs", nargs="?", default="".join(NOTATION))
    parser.add_argument("--batches", default="100,10000")
    parser.add_argument("--device", type=int, default=0)
    parser.add_argument("--bandwidth", type=float, default=3.0, help="TB/s")
    parser.add_argument("--rate", type=float, default=60.0, help="TFLOP/s of float32")
    parser.add_argument("--annealing", action="store_true")
    parser.add_argument("--replays", type=int, default=5)
    chosen = parser.parse_args()
    from dcgraph.backends.cupy.cuda import CudaDevice

    device = CudaDevice(chosen.device)
    print(heading(f"cupy:{chosen.device}"))
    for letter in chosen.graphs:
        for batch in map(int, chosen.batches.split(",")):
            launches = launches_of_a_step(letter, batch, device, annealing=chosen.annealing)
            print(f"\n{letter}, batch {batch}\n")
            titles = ["kernel", "µs", "floor", "GB/s", "TFLOP/s", "cuBLAS"]
            print(f"| {' | '.join(titles)} |\n{'|---' * len(titles)}|")
            total = 0.0
            for launched in launches:
                time, cells = row(launched, device, chosen)
                total += time
                print(f"| {' | '.join(cells)} |", flush=True)
            print(f"| all | {total:.1f} | | | | |", flush=True)
            del launches
            device.xp.get_default_memory_pool().free_all_blocks()


if __name__ == "__main__":
    main()
