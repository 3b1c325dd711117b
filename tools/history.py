"""Draw how a training went: log-likelihood, sigma and winner entropy of each node over time.

python tools/history.py runs/quickstart-s0.h5 -o history.png
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
from opening import opened, parser, run

from dcgraph.errors import RequestError
from dcgraph.pictures.files import replacing
from dcgraph.pictures.readings import QUANTITIES, draw_reading, has_begun
from dcgraph.storage.record import ModelRecord


def figure_of(record: ModelRecord, nodes: list[str]) -> Figure:
    """Return a row of panels for each quantity, a column for each node; dotted: its delay ends."""
    figure = Figure(figsize=(1.5 + 3.2 * len(nodes), 7), layout="constrained")
    panels = figure.subplots(len(QUANTITIES), len(nodes), sharex=True, squeeze=False)
    for i, name in enumerate(nodes):
        for axes, quantity in zip(panels[:, i], QUANTITIES, strict=True):
            draw_reading(axes, record.history[name], quantity, record.total_steps)
        panels[0, i].set_title(name)
        panels[-1, i].set(xlabel="step")
    for axes, label in zip(panels[:, 0], QUANTITIES.values(), strict=True):
        axes.set_ylabel(label)
    figure.suptitle(record.graph.name)
    return figure


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    options = parser(__doc__)
    options.add_argument("model")
    options.add_argument("-n", "--node", action="append", help="a node (default: all that learn)")
    options.add_argument("-o", "--output", type=Path, default=Path("history.png"))
    args = options.parse_args(arguments)
    record = opened(args.model, args)
    nodes = [record.graph[name].name for name in args.node or record.history]
    nodes = [name for name in nodes if has_begun(record.history.get(name, {}))]
    if not nodes:
        message = "there is nothing to draw: no reading of a node that has begun to learn yet"
        raise RequestError(message, file=args.model)
    figure = figure_of(record, nodes)
    with replacing(args.output) as beside:
        figure.savefig(beside)
    print(args.output)
    return 0


if __name__ == "__main__":
    run(main)
