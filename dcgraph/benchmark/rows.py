"""What `dcgraph bench` measures: every node and the whole, for each work and batch size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time
from typing import Any

from dcgraph.backends.contract import Backend
from dcgraph.benchmark.clock import Timing, peak_bytes, time_together
from dcgraph.benchmark.floor import floor, has_floor
from dcgraph.benchmark.subject import Subject, Work, subject
from dcgraph.engine.plan import Step
from dcgraph.engine.scheduler import unwatched
from dcgraph.graph.graph import Graph

WHOLE = "whole step"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the benchmark.

    Attributes
    ----------
    work : str
        Key of `dcgraph.benchmark.subject.WORKS`.
    batch : int
    node : str
        Or "whole step".
    cpu, wall : float
        Seconds, medians. On a device, work is timed until it is done there.
    floor, floor_in_cache : float or None
        Processor seconds of the bare products, on whole arrays and in cache-sized blocks.
    peak : int or None
        Bytes allocated beyond states and images; of the whole step alone. None on a device, as
        are the floors.
    """

    work: Work
    batch: int
    node: str
    cpu: float
    wall: float
    floor: float | None
    floor_in_cache: float | None
    peak: int | None

    @property
    def ratio(self) -> float | None:
        """Processor time over that of the bare products."""
        return self.cpu / self.floor if self.floor else None

    @property
    def ratio_in_cache(self) -> float | None:
        """Processor time over that of the bare products in cache-sized blocks."""
        return self.cpu / self.floor_in_cache if self.floor_in_cache else None


def bench(
    graph: Graph,
    ops: Backend,
    *,
    works: Sequence[Work],
    batches: Sequence[int],
    seconds: float,
) -> Iterator[Row]:
    """Yield the rows of each piece of work and batch size, as they are measured.

    Parameters
    ----------
    seconds : float
        How long to measure each.
    """
    for batch in batches:
        ready = subject(graph, ops, batch)
        for work in works:
            with ops.limited():
                timed = _rows if ops.memory is None else _device_rows
                yield from timed(ready, work, seconds)


def _rows(ready: Subject, work: Work, seconds: float) -> list[Row]:
    graph, batch = ready.graph, ready.batch
    run = ready.work(work)
    names = [] if work == "sample" else list(graph.density_nodes)
    mixtures = [name for name in names if has_floor(graph[name])]
    products = []
    for layout in ("whole", "blocks"):
        statistics = work in ("train", "anneal")
        products += [
            floor(graph, [name], batch, statistics=statistics, layout=layout) for name in mixtures
        ]
    laps = _Laps()
    ready.scheduler.watch = laps.watch

    def timed() -> None:
        laps.begin()
        run()

    whole, *bare = time_together([timed, *products], seconds)
    peak = peak_bytes(run)
    count = len(mixtures)
    floors = {
        name: (bare[index].cpu, bare[count + index].cpu) for index, name in enumerate(mixtures)
    }
    rows = []
    for name in graph.nodes:
        if name in laps.nodes:
            timing = laps.timing(name)
            rows.append(_row(ready, work, name, timing, floors.get(name), None))
    total = None
    if mixtures:
        total = (sum(first for first, _ in floors.values()), sum(s for _, s in floors.values()))
    rows.append(_row(ready, work, WHOLE, whole, total, peak))
    return rows


def _device_rows(ready: Subject, work: Work, seconds: float) -> list[Row]:
    """Return the rows of work on a device: the whole as in a run, and nodes one after the other."""
    run, scheduler, wait = ready.work(work), ready.scheduler, ready.scheduler.ops.wait
    laps = _Laps(wait)

    def done() -> None:
        laps.begin()
        run()
        wait()

    (whole,) = time_together([done], seconds / 2)
    laps.rounds.clear()
    scheduler.watch = laps.watch
    time_together([done], seconds / 2)
    scheduler.watch = unwatched
    rows = [
        _row(ready, work, name, laps.timing(name), None, None)
        for name in ready.graph.nodes
        if name in laps.nodes
    ]
    return [*rows, _row(ready, work, WHOLE, whole, None, None)]


def _row(
    ready: Subject,
    work: Work,
    node: str,
    timing: Timing,
    floors: tuple[float, float] | None,
    peak: int | None,
) -> Row:
    whole, blocks = floors or (None, None)
    return Row(work, ready.batch, node, timing.cpu, timing.wall, whole, blocks, peak)


def nothing() -> None:
    """Return: what was begun is done."""


@dataclass
class _Laps:
    """Processor and wall seconds that each node took, one sum a round.

    The first round, which warms up, is left out.

    Attributes
    ----------
    wait : callable
        Returns when what a node has begun is done.
    """

    wait: Callable[[], None] = nothing
    rounds: list[dict[str, tuple[float, float]]] = field(default_factory=list)

    def begin(self) -> None:
        self.rounds.append({})

    @contextmanager
    def watch(self, step: Step) -> Iterator[None]:
        began, spent = perf_counter(), process_time()
        yield
        self.wait()
        if self.rounds:
            last = self.rounds[-1]
            cpu, wall = last.get(step.node, (0.0, 0.0))
            last[step.node] = (cpu + process_time() - spent, wall + perf_counter() - began)

    @property
    def nodes(self) -> set[str]:
        return set(self.rounds[-1])

    def timing(self, node: str) -> Timing:
        spent = [laps[node] for laps in self.rounds[1:]]
        return Timing(
            median(cpu for cpu, _ in spent), median(wall for _, wall in spent), len(spent)
        )


def as_dict(row: Row) -> dict[str, Any]:
    """Return a row as JSON has it: times in milliseconds."""

    def milliseconds(value: float | None) -> float | None:
        return None if value is None else round(1e3 * value, 4)

    return {
        "work": row.work,
        "batch": row.batch,
        "node": row.node,
        "cpu_ms": milliseconds(row.cpu),
        "wall_ms": milliseconds(row.wall),
        "floor_ms": milliseconds(row.floor),
        "floor_in_cache_ms": milliseconds(row.floor_in_cache),
        "ratio": None if row.ratio is None else round(row.ratio, 3),
        "ratio_in_cache": None if row.ratio_in_cache is None else round(row.ratio_in_cache, 3),
        "peak_bytes": row.peak,
    }
