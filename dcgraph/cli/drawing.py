"""What the commands that draw have in common: settings, opening the model, pictures, read-outs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options
from dcgraph.cli.session import Session
from dcgraph.errors import RequestError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.console import Console

    from dcgraph.cli.picking import Picked
    from dcgraph.graph.graph import Graph
    from dcgraph.inference.readout import Readout
    from dcgraph.plugin.manager import Plugins
    from dcgraph.storage.record import ModelRecord

ENDINGS = (".png", ".npz", ".h5")
# Iterations where --sharpen names no number. The paper's 300 are of a rate that moves a sample less
# than a few of ours do; hundreds of ours converge, and wear strokes away (docs/sampling.md).
SHARPEN = 3
BAR_FROM = 1000  # images; fewer are there before a bar could be read

sharpen = click.option(
    "--sharpen",
    type=click.IntRange(min=0),
    is_flag=False,
    flag_value=SHARPEN,
    default=0,
    metavar="[N]",
    help=f"Sharpen by N iterations at every folding and pooling node below a gmm node; without N: "
    f"{SHARPEN}.  [default: 0]",
)
scale = click.option(
    "--scale",
    type=click.IntRange(1, 64),
    help="Enlarge a picture's images so many times.  [default: to about 56 pixels]",
)


def output(default: str, arrays: str) -> Callable[[options.Function], options.Function]:
    """Return the option -o of a command that draws."""
    return click.option(
        "-o",
        "--output",
        type=options.OutputFile,
        default=Path(default),
        show_default=True,
        help=f"A .png picture, or {arrays} in an .npz or .h5 file.",
    )


def open_record(
    session: Session, model: Path, settings: Sequence[str], plugins: Plugins
) -> tuple[ModelRecord, list[str]]:
    """Return a model with other sampling settings, and the settings that are of the data.

    Raises
    ------
    RequestError
        A setting is neither of sampling nor of the data.
    """
    from dcgraph.storage.read import read_model

    record = read_model(model, plugins=plugins)
    of_data = [setting for setting in settings if setting.startswith("data.")]
    others = [setting for setting in settings if not setting.startswith("data.")]
    if others:
        graph = configured(session, model, record.graph, others, plugins)
        record = replace(record, graph=graph)
    return record, of_data


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


@contextmanager
def counting(session: Session, total: int, what: str) -> Iterator[Any]:
    """Yield a function that passes blocks on and shows on a terminal how many images are done."""

    def quiet(blocks: Iterator[NDArray[Any]], axis: int = 0) -> Iterator[NDArray[Any]]:
        return blocks

    if session.quiet or total < BAR_FROM or not session.stderr.is_terminal:
        yield quiet
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (what, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=session.stderr, transient=True) as bar:
        task = bar.add_task(what, total=total)

        def counted(blocks: Iterator[NDArray[Any]], axis: int = 0) -> Iterator[NDArray[Any]]:
            for block in blocks:
                yield block
                bar.advance(task, block.shape[axis])

        yield counted


def write_drawn(
    path: Path,
    name: str,
    blocks: Iterator[NDArray[Any]],
    given: Mapping[str, NDArray[Any]],
    picked: Picked,
    *,
    scale: int | None,
    extra: Mapping[str, NDArray[Any]] = {},
) -> None:
    """Write what was drawn for images: a picture with a column for each, or arrays.

    Parameters
    ----------
    name : str
        Of the array of what was drawn.
    blocks : iterator of arrays of shape (n, m, h, w, c)
        n drawn images for each of m given ones; in a file, the given ones come first: (m, n, ...).
    given : mapping of str to array of shape (m, h, w, c)
        Rows of a picture above those that were drawn; the first are the images themselves.
    extra : mapping of str to array
        What else an array file holds.
    """
    import numpy as np

    from dcgraph.cli.arrays import write_blocks

    if path.suffix.lower() == ".png":
        drawn = np.concatenate(list(blocks), axis=1)
        rows = {f"{name[:-1]} {i + 1}": images for i, images in enumerate(drawn)}
        write_rows(path, {**given, **rows}, picked.captions(), scale=scale)
        return
    (images, *_) = given.values()
    more = {"images": images, "places": picked.places, **extra}
    more |= {} if picked.labels is None else {"labels": picked.labels}
    by_image = (block.swapaxes(0, 1) for block in blocks)
    write_blocks(path, name, len(images), by_image, extra=more)


def write_rows(
    path: Path,
    rows: Mapping[str, NDArray[Any]],
    captions: Sequence[str],
    *,
    scale: int | None,
) -> None:
    """Write a picture: a row of images for each name, a column for each caption."""
    import numpy as np

    from dcgraph.pictures.captions import captioned
    from dcgraph.pictures.files import save_png
    from dcgraph.pictures.grid import comfortable_scale, image_grid

    shape = next(iter(rows.values())).shape[1:]
    images = np.concatenate(list(rows.values()))
    picture = image_grid(images, len(captions), scale or comfortable_scale(shape))
    save_png(path, captioned(picture, columns=captions, rows=list(rows)))


def write_captioned(
    path: Path, images: NDArray[Any], captions: Sequence[str], *, scale: int | None = None
) -> None:
    """Write a picture of images in rows, each with its caption above."""
    import math

    import numpy as np

    from dcgraph.pictures.captions import captioned
    from dcgraph.pictures.files import save_png
    from dcgraph.pictures.grid import GAP, comfortable_scale, image_grid

    width = math.ceil(math.sqrt(len(images)))
    rows = []
    for first in range(0, len(images), width):
        part, words = images[first : first + width], list(captions[first : first + width])
        missing = width - len(part)
        part = np.concatenate([part, np.full((missing, *part.shape[1:]), GAP, part.dtype)])
        picture = image_grid(part, width, scale or comfortable_scale(images.shape[1:]))
        rows.append(captioned(picture, columns=words + [""] * missing))
    save_png(path, np.concatenate(rows))


def show(console: Console, readout: Readout, told: str) -> None:
    """Print the result of a command that draws."""
    print_readout(console, readout)
    console.print(told, soft_wrap=True)


def print_readout(console: Console, readout: Readout) -> None:
    """Print what sharpening did, a row for each node; nothing where nothing was sharpened."""
    from dcgraph.cli.console import table

    if not readout.nodes:
        return
    columns = {
        "sharpened": None,
        "towards": None,
        "steps": "d",
        "rate": ".2g",
        "loss before": ".2f",
        "after": ".2f",
        "raised": ".0%",
    }
    rows = [(name, *node.summary().values()) for name, node in readout.nodes.items()]
    console.print(table(columns, rows))
