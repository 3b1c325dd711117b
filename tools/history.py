"""Draw how a training went: log-likelihood, sigma and winner entropy of each node over time.

python tools/history.py runs/quickstart-s0.h5 -o history.png
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
from opening import opened, parser, run

from dcgraph.errors import RequestError
from dcgraph.pictures.files import replacing
from dcgraph.storage.record import ModelRecord

PANELS = {
    "log_likelihood": "log-likelihood (nats)",
    "sigma": "sigma (grid units)",
    "winner_entropy": "winner entropy (nats)",
}


def figure_of(record: ModelRecord, nodes: list[str]) -> Figure:
    """Return a row of panels for each quantity, a column for each node; dotted: its delay ends."""
    figure = Figure(figsize=(1.5 + 3.2 * len(nodes), 7), layout="constrained")
    panels = figure.subplots(len(PANELS), len(nodes), sharex=True, squeeze=False)
    for i, name in enumerate(nodes):
        columns = record.history[name]
        steps = columns["step"]
        began = next(s for s, active in zip(steps, columns["active"], strict=True) if active)
        for axes, column in zip(panels[:, i], PANELS, strict=True):
            axes.plot(steps, columns[column], linewidth=1.2)
            axes.grid(visible=True, alpha=0.3)
            if began > steps[0]:
                axes.axvline(began, color="0.4", linewidth=0.8, linestyle=":")
        panels[0, i].set_title(name)
        panels[-1, i].set(xlabel="step", xlim=(0, record.total_steps))
    for axes, label in zip(panels[:, 0], PANELS.values(), strict=True):
        axes.set_ylabel(label)
    for axes in panels[list(PANELS).index("sigma")]:
        axes.set_ylim(bottom=0)
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
    nodes = [name for name in nodes if any(record.history.get(name, {}).get("active", ()))]
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
