"""dcgraph bench: what a graph costs on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options
from dcgraph.cli.session import Session

if TYPE_CHECKING:
    from rich.table import Table

    from dcgraph.benchmark.rows import Row
    from dcgraph.benchmark.subject import Work

WORKS: tuple[Work, ...] = ("forward", "train", "anneal", "sample", "inpaint")


@click.command("bench")
@click.argument("graph")
@click.option(
    "--work",
    "works",
    multiple=True,
    type=click.Choice(WORKS),
    help="What to time; may be repeated.  [default: all]",
)
@click.option(
    "--batch",
    "batches",
    multiple=True,
    type=click.IntRange(min=1),
    help="Images in a batch; may be repeated.  [default: 1, 10, 100, 1000]",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="How long to measure each; at least three rounds are made.",
)
@options.graph
@options.computing
@options.common
def command(
    session: Session,
    graph: str,
    *,
    works: tuple[Work, ...],
    batches: tuple[int, ...],
    seconds: float,
    settings: tuple[str, ...],
    plugin_files: tuple[Path, ...],
    backend: str,
    threads: int | None,
) -> None:
    """Time GRAPH on this machine.

    Each node and the whole, for log-likelihoods (forward), a training step after and at the start
    of annealing (train, anneal), samples and in-painting. Beside it stands the floor: the matrix
    products that a mixture cannot avoid, alone, on arrays of the same shapes; and the same in
    blocks that fit the processor's cache. Ratios are of processor time. Images are synthetic. On a
    GPU the clock runs until the device is done, and there are no floors.

    \b
    Examples:
      dcgraph bench dcgmm_e
      dcgraph bench dcgmm_a --batch 100 --batch 1000 --work train --json
      dcgraph bench dcgmm_e --set gmm1.share=false --threads 1
    """
    from dcgraph.backends.select import make_backend
    from dcgraph.benchmark.rows import as_dict, bench
    from dcgraph.cli.opening import open_graph
    from dcgraph.plugin.load import plugins_from

    plugins = plugins_from(plugin_files)
    checked = open_graph(session, graph, plugins=plugins, settings=settings)
    ops = make_backend(backend, threads=threads, additions=plugins.additions)
    rows = list(
        bench(
            checked,
            ops,
            works=works or WORKS,
            batches=batches or (1, 10, 100, 1000),
            seconds=seconds,
        )
    )
    fields: dict[str, Any] = {"graph": checked.name, "backend": ops.name, "threads": threads or 1}
    session.reply(
        {**fields, "rows": [as_dict(row) for row in rows]},
        lambda console: console.print(_table(rows)),
    )


def _table(rows: Sequence[Row]) -> Table:
    from dcgraph.cli.console import table

    columns = {
        "work": None,
        "batch": "d",
        "node": None,
        "CPU ms": ".3f",
        "wall ms": ".3f",
        "floor ms": ".3f",
        "ratio": ".2f",
        "in cache ms": ".3f",
        "ratio in cache": ".2f",
        "peak MB": ".1f",
    }

    def milliseconds(value: float | None) -> float | None:
        return None if value is None else 1e3 * value

    return table(
        columns,
        [
            (
                row.work,
                row.batch,
                row.node,
                milliseconds(row.cpu),
                milliseconds(row.wall),
                milliseconds(row.floor),
                row.ratio,
                milliseconds(row.floor_in_cache),
                row.ratio_in_cache,
                None if row.peak is None else row.peak / 1e6,
            )
            for row in rows
        ],
    )
