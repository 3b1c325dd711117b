"""dcgraph inspect: what is in a model or a graph file, without running anything."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options
from dcgraph.cli.session import Session

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from dcgraph.engine.describe import PlanKind
    from dcgraph.graph.graph import Graph, Node
    from dcgraph.plugin.manager import Plugins
    from dcgraph.storage.record import ModelRecord

PLANS: tuple[PlanKind, ...] = ("forward", "train", "control", "gradient")
Rows = list[dict[str, str]]


class _InspectCommand(click.Command):
    """Knows that what follows a bare --plan may be the file."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for i, argument in enumerate(args):
            if argument == "--plan" and (i + 1 == len(args) or args[i + 1] not in PLANS):
                args[i] = "--plan=all"
        return super().parse_args(ctx, args)


@click.command("inspect", cls=_InspectCommand)
@click.argument("file")
@click.option(
    "--plan",
    type=click.Choice([*PLANS, "all"]),
    metavar=f"[{'|'.join(PLANS)}]",
    help="Show the steps the engine takes: of one plan, or of all where none is named.",
)
@options.graph
@options.common
def command(
    session: Session,
    file: str,
    *,
    plan: str | None,
    settings: tuple[str, ...],
    plugin_files: tuple[Path, ...],
) -> None:
    """Show what is in a model or a graph file.

    Its nodes and edges, that is, and of a model how far its training has come. FILE is a model
    file, a graph file, the name of a graph that comes with dcgraph, or a notation.

    \b
    Examples:
      dcgraph inspect runs/dcgmm-e-s0.h5
      dcgraph inspect graphs/dcgmm_e.yaml --plan train
    """
    from dcgraph.cli.opening import open_graph
    from dcgraph.plugin.load import plugins_from

    plugins = plugins_from(plugin_files)
    record = _record(file, plugins)
    if record is None or settings:
        graph = open_graph(session, file, plugins=plugins, settings=settings)
    else:
        graph = record.graph
    fields = {
        "file": file,
        "name": graph.name,
        "nodes": describe_nodes(graph, record),
        "forward": edges(graph, "forward"),
        "control": edges(graph, "control"),
        "plan": plans(graph),
        "run": None if record is None else run_state(record),
        "metrics": {} if record is None else record.metrics,
        "history": {} if record is None else record.history,
        "provenance": {} if record is None else record.provenance,
    }
    shown = () if plan is None else PLANS if plan == "all" else (plan,)
    session.reply(fields, lambda console: _show(console, graph, fields, shown))


def _record(file: str, plugins: Plugins) -> ModelRecord | None:
    """Return the model of a model file; None where the graph comes from elsewhere."""
    from dcgraph.storage.read import read_model
    from dcgraph.storage.seal import is_model_file

    path = Path(file)
    return read_model(path, plugins=plugins) if is_model_file(path) else None


# what there is to say


def describe_nodes(graph: Graph, record: ModelRecord | None) -> dict[str, dict[str, Any]]:
    """Return type, inputs, shape, parameter count and settings of each node, and its training."""
    from dcgraph.graph.estimate import estimate
    from dcgraph.training.standing import standing

    state = {} if record is None else standing(record)
    written = graph.document.get("nodes", {})
    return {
        row.name: {
            "type": row.type,
            "inputs": list(graph[row.name].inputs),
            "shape": list(row.shape),
            "parameters": row.parameters,
            "settings": {
                key: value for key, value in written.get(row.name, {}).items() if key != "type"
            },
            **state.get(row.name, {}),
        }
        for row in estimate(graph).nodes
    }


def edges(graph: Graph, kind: str) -> list[tuple[str, str]]:
    """Return the edges of a kind, (from, to)."""
    return [(u, v) for u, v, key in graph.edges.edges(keys=True) if key == kind]


def plans(graph: Graph) -> dict[str, Rows]:
    """Return the steps of every plan the graph has, by kind."""
    from dcgraph.engine.describe import plan_of
    from dcgraph.errors import RequestError

    found: dict[str, Rows] = {}
    for kind in PLANS:
        try:
            found[kind] = plan_of(graph, kind).rows()
        except RequestError:  # a graph that cannot be sampled, say, has no control plan
            found[kind] = []
    return found


def run_state(record: ModelRecord) -> dict[str, Any]:
    """Return how far a run has come."""
    return {
        "seed": record.seed,
        "step": record.step,
        "total_steps": record.total_steps,
        "epoch": record.epoch,
        "complete": record.complete,
    }


# how it is shown


def _show(console: Console, graph: Graph, fields: dict[str, Any], shown: Iterable[str]) -> None:
    from dcgraph.cli.console import table

    nodes = fields["nodes"]
    total = sum(node["parameters"] for node in nodes.values())
    console.print(f"{fields['name']}: {len(nodes)} nodes, {total:,} parameters", soft_wrap=True)
    if fields["run"] is not None:
        console.print(_run_line(fields["run"]), soft_wrap=True)
    console.print(_node_table(graph, nodes), "")
    for kind in ("forward", "control"):
        for chain in graph.document[kind]:
            console.print(f"{kind:<8} {chain}", soft_wrap=True)
    for kind in shown:
        console.print(f"\n{kind} plan")
        rows = fields["plan"][kind]
        if rows:
            console.print(
                table(dict.fromkeys(rows[0]), [[v or None for v in row.values()] for row in rows])
            )
        else:
            console.print("none: the graph has nothing for it to do")
    if fields["history"]:
        console.print("\nlast reading")
        console.print(_history_table(fields["history"]))
    if fields["provenance"]:
        console.print()
        for key, value in fields["provenance"].items():
            console.print(f"{key:<16} {value}", soft_wrap=True)


def _run_line(run: dict[str, Any]) -> str:
    state = "complete" if run["complete"] else "not finished"
    return (
        f"{state}: step {run['step']} of {run['total_steps']}, epoch {run['epoch']:.3g}, "
        f"seed {run['seed']}"
    )


def _node_table(graph: Graph, nodes: dict[str, dict[str, Any]]) -> Table:
    from dcgraph.cli.console import table

    columns = {
        "node": None,
        "type": None,
        "inputs": None,
        "output": None,
        "parameters": ",d",
        "log-likelihood": ".2f",
        "AUC": ".4f",
        "sigma": ".2f",
        "state": None,
        "learns by": None,
        "settings": None,
    }
    rows = [
        (
            name,
            node["type"],
            ", ".join(node["inputs"]) or None,
            "x".join(map(str, node["shape"])),
            node["parameters"],
            node.get("log_likelihood"),
            node.get("auc"),
            node.get("sigma"),
            node.get("state"),
            _learning(graph[name]),
            _settings(graph[name]),
        )
        for name, node in nodes.items()
    ]
    return table(columns, rows)


def _history_table(history: dict[str, dict[str, list[float]]]) -> Table:
    from dcgraph.cli.console import table

    names = list(dict.fromkeys(name for columns in history.values() for name in columns))
    rows = [
        (node, *(columns[name][-1] if columns.get(name) else None for name in names))
        for node, columns in history.items()
    ]
    return table({"node": None, **dict.fromkeys(names, ".6g")}, rows)


def _learning(node: Node) -> str | None:
    """Return the types of a node's optimizer and annealing schedule."""
    parts = [spec.type for spec in (node.optimizer, node.annealing) if spec is not None]
    return ", ".join(parts) or None


def _settings(node: Node) -> str | None:
    """Return the settings that are not the layer's defaults, for people."""
    shown = node.layer.model_dump(exclude_defaults=True, by_alias=True)
    parts = [
        f"{key} {'x'.join(map(str, value)) if isinstance(value, tuple) else value}"
        for key, value in shown.items()
    ]
    return ", ".join(parts) or None
