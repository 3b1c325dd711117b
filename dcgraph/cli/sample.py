"""dcgraph sample: draw images from a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dcgraph.cli import drawing, options
from dcgraph.cli.session import Session
from dcgraph.errors import RequestError

if TYPE_CHECKING:
    from rich.console import Console

    from dcgraph.graph.graph import Graph
    from dcgraph.inference.readout import Readout


@click.command("sample")
@click.argument("model", type=options.ModelFile)
@click.option(
    "-n", "number", type=click.IntRange(min=1), default=64, show_default=True, help="How many."
)
@drawing.output("samples.png", "the array 'images'")
@options.overwrite
@click.option("--node", help="Where sampling starts.  [default: the topmost gmm node]")
@click.option(
    "--label",
    metavar="LABEL",
    help="Ask the classifier for a class: 3; or for several in turn: 0..9 or 1,7.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Probability of the class that --label asks for.  [default: 0.95]",
)
@click.option(
    "--control",
    "control_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.npy",
    help="A control signal for --node, (n, h, w, c) as its output; NaN: none there.",
)
@drawing.sharpen
@click.option(
    "--nearest",
    is_flag=True,
    help="Find each sample's nearest training image, and how diverse samples are.",
)
@options.seed("Of the draws.  [default: the model's]")
@drawing.scale
@click.option("--columns", type=click.IntRange(min=1), help="Images in a row of a picture.")
@options.data_dir
@options.graph
@options.computing
@options.common
def command(
    session: Session,
    model: Path,
    *,
    number: int,
    output: Path,
    overwrite: bool,
    node: str | None,
    label: str | None,
    confidence: float | None,
    control_file: Path | None,
    sharpen: int,
    nearest: bool,
    seed: int | None,
    scale: int | None,
    columns: int | None,
    data_dir: Path | None,
    settings: tuple[str, ...],
    plugin_files: tuple[Path, ...],
    backend: str,
    threads: int | None,
) -> None:
    """Draw images from MODEL.

    MODEL is a file that 'dcgraph run' has written. --set takes sampling settings, of one node or
    of all nodes of a type: gmm3.top=1, gmm.divisor=5. Pictures are clipped to [0, 1], arrays never.

    \b
    Examples:
      dcgraph sample runs/dcgmm-e-s0.h5 -o samples.png
      dcgraph sample runs/dcgmm-e-s0.h5 --set gmm.top=1 --set gmm.divisor=5 --overwrite
      dcgraph sample runs/dcgmm-d-s0.h5 --sharpen 300 --set gmm.top=1
      dcgraph sample runs/conditional-s0.h5 --label 0..9 -n 100 -o digits.png
      dcgraph sample runs/dcgmm-e-s0.h5 -n 100000 --seed 7 -o samples.npz
    """
    from dcgraph.cli.opening import check_output, open_data
    from dcgraph.cli.picking import numbers, read_array
    from dcgraph.cli.sampled import write_images
    from dcgraph.inference.readout import Readout
    from dcgraph.model import Model
    from dcgraph.plugin.load import plugins_from

    check_output(output, drawing.ENDINGS, overwrite=overwrite)
    if confidence is not None and label is None:
        message = "--confidence says how sure --label is: give --label, too"
        raise RequestError(message, field="--confidence")
    plugins = plugins_from(plugin_files)
    record, of_data = drawing.open_record(session, model, settings, plugins)
    if of_data:
        message = f"--set {of_data[0]} is of the data, which sampling does not look at"
        raise RequestError(message)
    dataset = open_data(record.graph, data_dir) if nearest else None
    opened = Model(record, backend=backend, threads=threads)
    control = None if control_file is None else read_array(control_file)
    if control is not None and _given("number"):
        control = control[:number]
    elif control is not None:
        number = len(control) if control.ndim else 1
    asked = None if label is None else numbers(label, "--label")
    labels = None if asked is None else [asked[i % len(asked)] for i in range(number)]
    readout = Readout()
    batches = opened.sample_batches(
        number,
        node=node,
        label=labels,
        sharpen=sharpen,
        seed=seed,
        control=control,
        readout=readout,
        **({} if confidence is None else {"confidence": confidence}),
    )
    columns = columns or (len(asked) if asked is not None and len(asked) > 1 else None)
    with drawing.counting(session, number, "sampling") as counted:
        compared = write_images(
            output,
            number,
            counted(batches),
            scale=scale,
            columns=columns,
            labels=labels,
            training=None if dataset is None else dataset.train,
        )
    fields = {
        "model": model,
        "n": number,
        "node": node or _start(record.graph, labels),
        "seed": record.seed if seed is None else seed,
        "output": output,
    }
    fields |= {"labels": labels} if labels is not None else {}
    fields |= {"sharpening": readout.summary()} if readout.nodes else {}
    fields |= {"quality": compared} if compared is not None else {}
    session.reply(fields, lambda console: _show(console, number, output, readout, compared))


def _given(parameter: str) -> bool:
    source = click.get_current_context().get_parameter_source(parameter)
    return source is click.core.ParameterSource.COMMANDLINE


def _start(graph: Graph, labels: list[int] | None) -> str:
    from dcgraph.inference.labels import asked_node

    return graph.topmost() if labels is None else asked_node(graph)


def _show(
    console: Console,
    number: int,
    output: Path,
    readout: Readout,
    compared: dict[str, float] | None,
) -> None:
    drawing.print_readout(console, readout)
    if compared is not None:
        console.print(
            "nearest training image: {nearest:.3f} away (root mean squared pixel); diversity "
            "{diversity:.3f}, of training images {training_diversity:.3f}".format(**compared),
            soft_wrap=True,
        )
    console.print(f"{number} samples in {output}", soft_wrap=True)
