"""dcgraph check: whether graph files are sound, and what they would cost."""

from __future__ import annotations

from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options
from dcgraph.cli.errors import WRONG, explain, print_fault
from dcgraph.cli.session import Session
from dcgraph.errors import DcgraphError

if TYPE_CHECKING:
    from rich.console import Console

    from dcgraph.graph.graph import Graph


@click.command("check")
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option(
    "--yaml", "as_yaml", is_flag=True, help="Print each graph with every default written out."
)
@click.option("--schema", is_flag=True, help="Print the JSON schema of graph files, for editors.")
@options.graph
@options.common
def command(
    session: Session,
    files: tuple[str, ...],
    *,
    as_yaml: bool,
    schema: bool,
    settings: tuple[str, ...],
    plugin_files: tuple[Path, ...],
) -> int:
    """Check graph files.

    Tells all problems of each file, or what training it costs; nothing is run. FILE is a graph
    file, a model file, the name of a graph that comes with dcgraph, or a notation. The exit code
    is 2 if one of them is not sound.

    \b
    Examples:
      dcgraph check graphs/*.yaml
      dcgraph check mine.yaml --set gmm1.components=49 --yaml
      dcgraph check --schema > graph.schema.json
    """
    from dcgraph.cli.opening import open_graph
    from dcgraph.graph.schema import json_schema
    from dcgraph.plugin.load import plugins_from

    plugins = plugins_from(plugin_files)
    if schema:
        found = json_schema(plugins)
        session.reply({"schema": found}, lambda console: print(dumps(found, indent=2)))
        return 0
    if not files:
        raise click.MissingParameter(param_hint="'FILE...'", param_type="argument")
    sound: dict[str, Graph] = {}
    bad: dict[str, DcgraphError] = {}
    for file in dict.fromkeys(files):
        try:
            sound[file] = open_graph(session, file, plugins=plugins, settings=settings)
        except DcgraphError as error:
            bad[file] = error
            print_fault(explain(error), session)
    fields: dict[str, Any] = {
        "files": [
            faults(file, bad[file]) if file in bad else costs(file, sound[file])
            for file in dict.fromkeys(files)
        ]
    }
    if bad:
        fields["error"] = next(iter(bad.values())).to_dict()
    show = _show_yaml if as_yaml else _show_costs
    session.reply(fields, lambda console: show(console, sound), ok=not bad)
    return WRONG if bad else 0


def costs(file: str, graph: Graph) -> dict[str, Any]:
    """Return what JSON says of a sound graph."""
    from dcgraph.graph.estimate import estimate
    from dcgraph.graph.yaml_text import to_yaml

    return {
        "file": file,
        "ok": True,
        "name": graph.name,
        **asdict(estimate(graph)),
        "warnings": [asdict(problem) for problem in graph.warnings],
        "yaml": to_yaml(graph),
    }


def faults(file: str, error: DcgraphError) -> dict[str, Any]:
    """Return what JSON says of a graph that is not sound."""
    fault = error.to_dict()
    return {"file": file, "ok": False, "problems": fault.get("problems", [fault])}


def _show_costs(console: Console, graphs: dict[str, Graph]) -> None:
    from dcgraph.graph.estimate import estimate, in_bytes

    for file, graph in graphs.items():
        cost = estimate(graph)
        console.print(
            f"ok  {file}: {cost.parameters:,} parameters, {in_bytes(cost.peak_bytes)} at peak, "
            f"{in_flops(cost.flops_per_image)} to train on an image, "
            f"{in_flops(cost.flops_per_step)} on a batch",
            soft_wrap=True,
        )


def _show_yaml(console: Console, graphs: dict[str, Graph]) -> None:
    from dcgraph.graph.yaml_text import to_yaml

    # as it is: a console would fold long lines, and YAML minds
    console.file.write("---\n".join(to_yaml(graph) for graph in graphs.values()))


def in_flops(number: float) -> str:
    """Return a number of floating-point operations as people read it."""
    for unit in ("flop", "kflop", "Mflop", "Gflop"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} Tflop"
