"""dcgraph sample: draw images from a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options
from dcgraph.cli.session import Session
from dcgraph.errors import RequestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dcgraph.graph.graph import Graph
    from dcgraph.plugin.manager import Plugins

ENDINGS = (".png", ".npz", ".h5")


@click.command("sample")
@click.argument("model", type=options.ModelFile)
@click.option(
    "-n", "number", type=click.IntRange(min=1), default=64, show_default=True, help="How many."
)
@click.option(
    "-o",
    "--output",
    type=options.OutputFile,
    default=Path("samples.png"),
    show_default=True,
    help="A .png picture, or the array 'images' in an .npz or .h5 file.",
)
@options.overwrite
@click.option("--node", help="Where sampling starts.  [default: the topmost gmm node]")
@options.seed("Of the draws.  [default: the model's]")
@click.option(
    "--scale",
    type=click.IntRange(1, 64),
    help="Enlarge a picture's images so many times.  [default: to about 56 pixels]",
)
@click.option("--columns", type=click.IntRange(min=1), help="Images in a row of a picture.")
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
    seed: int | None,
    scale: int | None,
    columns: int | None,
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
      dcgraph sample runs/dcgmm-e-s0.h5 -n 100000 --seed 7 -o samples.npz
    """
    from dataclasses import replace

    from dcgraph.cli.opening import check_output
    from dcgraph.model import Model
    from dcgraph.plugin.load import plugins_from
    from dcgraph.storage.read import read_model

    check_output(output, ENDINGS, overwrite=overwrite)
    plugins = plugins_from(plugin_files)
    record = read_model(model, plugins=plugins)
    if settings:
        graph = configured(session, model, record.graph, settings, plugins)
        record = replace(record, graph=graph)
    opened = Model(record, backend=backend, threads=threads)
    batches = opened.sample_batches(number, node=node, seed=seed)
    write_images(output, number, batches, scale=scale, columns=columns)
    fields = {
        "model": model,
        "n": number,
        "node": node or record.graph.topmost(),
        "seed": record.seed if seed is None else seed,
        "output": output,
    }
    session.reply(
        fields, lambda console: console.print(f"{number} samples in {output}", soft_wrap=True)
    )


def configured(
    session: Session, model: Path, graph: Graph, settings: Sequence[str], plugins: Plugins
) -> Graph:
    """Return the graph of a model with other sampling settings.

    ``gmm1.top=2`` is a setting of node gmm1, ``gmm.top=2`` one of every node of type gmm.

    Raises
    ------
    RequestError
        A setting is none of sampling: what a model has learned does not fit another graph.
    """
    from dcgraph.cli.opening import open_graph

    changes = []
    for setting in settings:
        place, dot, rest = setting.partition(".")
        of_type = [name for name, node in graph.nodes.items() if node.layer.type == place]
        named = [place] if place in graph.nodes or not of_type else of_type
        changes += [f"{name}{dot}{rest}" for name in named]
    changed = open_graph(session, model, plugins=plugins, settings=changes)
    before, after = ({**each.document, "sampling": None} for each in (graph, changed))
    if before != after:
        message = (
            f"--set {' --set '.join(settings)} changes more than the sampling settings, but a "
            "trained model cannot be changed: give settings such as gmm.top=1"
        )
        raise RequestError(message)
    return changed


def write_images(
    path: Path,
    number: int,
    batches: Iterator[NDArray[Any]],
    *,
    scale: int | None,
    columns: int | None,
) -> None:
    """Write images, batch by batch, to a picture or an array file."""
    import numpy as np

    from dcgraph.cli.arrays import write_blocks
    from dcgraph.pictures.files import save_png
    from dcgraph.pictures.grid import comfortable_scale, image_grid

    if path.suffix.lower() == ".png":
        images = np.concatenate(list(batches))
        picture = image_grid(images, columns, scale or comfortable_scale(images.shape[1:]))
        save_png(path, picture)
    else:
        write_blocks(path, "images", number, batches)
