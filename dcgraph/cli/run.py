"""dcgraph run: train a graph, save the model."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options
from dcgraph.cli.session import Session

if TYPE_CHECKING:
    from rich.table import Table

    from dcgraph.cli.progress import Pace
    from dcgraph.graph.graph import Graph
    from dcgraph.storage.record import ModelRecord


@click.command("run")
@click.argument("graph")
@click.option(
    "-o",
    "--output",
    type=options.OutputFile,
    help="The model file.  [default: runs/<name>-s<seed>.h5]",
)
@click.option(
    "--init",
    "init_file",
    type=options.ModelFile,
    metavar="MODEL",
    help="Begin with the parameters of this model, node by node where names and shapes agree.",
)
@click.option("--resume", is_flag=True, help="Continue the output file where it stands.")
@options.overwrite
@click.option("--epochs", metavar="EPOCHS", help="Passes over the training images, e.g. 0.5.")
@options.seed("Of every random draw.  [default: the graph's]")
@click.option(
    "--eval-every",
    metavar="EPOCHS",
    type=click.FloatRange(min=0, min_open=True),
    help="Measure on the test images so often.  [default: at the end]",
)
@options.source
@options.data_dir
@options.graph
@options.computing
@options.common
def command(
    session: Session,
    graph: str,
    *,
    output: Path | None,
    init_file: Path | None,
    resume: bool,
    overwrite: bool,
    epochs: str | None,
    seed: int | None,
    eval_every: float | None,
    source: str | None,
    data_dir: Path | None,
    settings: tuple[str, ...],
    plugin_files: tuple[Path, ...],
    backend: str,
    threads: int | None,
) -> None:
    """Train GRAPH and save the model.

    GRAPH is a graph file, the name of a graph that comes with dcgraph, a model file (its graph is
    taken), or a notation. The model is saved every minute, at each epoch's end and on Ctrl-C;
    --resume goes on from there to the same result.

    \b
    Examples:
      dcgraph run quickstart
      dcgraph run graphs/dcgmm_e.yaml --epochs 2 --seed 1 -o e1.h5
      dcgraph run classifier.yaml --init e1.h5
      dcgraph run "F(4,2)-G(25)-F(3,1)-G(36)" --data digits --set data.outliers=[0]
    """
    from dcgraph.cli.opening import open_data, open_graph
    from dcgraph.cli.progress import progress
    from dcgraph.plugin.load import plugins_from
    from dcgraph.storage.read import read_model
    from dcgraph.training.run import run

    changes = [] if epochs is None else [f"train.epochs={epochs}"]
    changes += [] if seed is None else [f"train.seed={seed}"]
    plugins = plugins_from(plugin_files)
    checked = open_graph(
        session, graph, plugins=plugins, settings=[*settings, *changes], source=source
    )
    path = output or Path("runs") / f"{checked.name}-s{checked.train.seed}.h5"
    dataset = open_data(checked, data_dir)
    init = None
    if init_file is not None and not (resume and path.exists()):
        init = read_model(init_file, plugins=plugins)
    moved = _taken_over(session, checked, init)
    with progress(session, checked.train.batch_size) as pace:
        record = run(
            checked,
            dataset,
            output=path,
            resume=resume,
            overwrite=overwrite,
            backend=backend,
            threads=threads,
            observers=[pace],
            evaluate_every=eval_every,
            command=shlex.join(["dcgraph", *session.arguments]),
            plugins=plugins,
            init=init,
        )
    if not pace.started:
        session.advise(f"{path} is finished already: nothing was left to do")
    fields = {**_fields(record, path), **moved}
    session.reply(fields, lambda console: console.print(_result(record, pace)))
    place = "" if data_dir is None else f" --data-dir {shlex.quote(str(data_dir))}"
    loaded = "".join(f" -p {shlex.quote(str(file))}" for file in plugin_files)
    model = f"{shlex.quote(str(path))}{loaded}"
    session.advise(f"saved {path}; go on with\n  dcgraph sample {model} -o samples.png")
    if record.graph.density_nodes:
        session.advise(f"  dcgraph score {model}{place}")


def _taken_over(session: Session, graph: Graph, init: ModelRecord | None) -> dict[str, Any]:
    """Say which nodes begin with another model's parameters; return what JSON says of that."""
    from dcgraph.contracts.layer import TrainableLayer
    from dcgraph.training.takeover import transfers

    if init is None:
        for name, node in graph.nodes.items():
            if isinstance(node.layer, TrainableLayer) and not node.layer.trainable:
                text = f"node '{name}' does not learn, and begins at random: --init MODEL gives it"
                session.warn(f"{text} the parameters of another model")
        return {}
    found = transfers(graph, init)
    for each in found:
        state = "taken over" if each.taken else "not taken over"
        session.advise(f"{each.node}: {state}" + (f", {each.reason}" if each.reason else ""))
    return {"init": [asdict(each) for each in found]}


def _fields(record: ModelRecord, path: Path) -> dict[str, Any]:
    from dcgraph.training.standing import standing

    return {
        "model": path,
        "seed": record.seed,
        "steps": record.step,
        "nodes": standing(record),
        "metrics": record.metrics,
    }


def _result(record: ModelRecord, pace: Pace) -> Table:
    """Return a row for every node that learned."""
    from dcgraph.cli.console import table
    from dcgraph.training.standing import standing

    rows = []
    for name, node in standing(record).items():
        components = record.graph[name].shape[2]
        idle = f"{len(pace.idle[name])} of {components}" if name in pace.idle else None
        accuracy = record.metrics.get(name, {}).get("accuracy")
        rows.append(
            (
                name,
                node["log_likelihood"],
                node["auc"],
                accuracy,
                node["sigma"],
                idle,
                node["state"],
            )
        )
    columns = {
        "node": None,
        "log-likelihood": ".2f",
        "AUC": ".4f",
        "accuracy": ".4f",
        "sigma": ".2f",
        "never won": ">",
        "state": None,
    }
    return table(columns, rows)
