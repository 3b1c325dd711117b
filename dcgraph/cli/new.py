"""dcgraph new: a commented graph file to begin with."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options
from dcgraph.cli.session import Session
from dcgraph.errors import GraphError, RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dcgraph.plugin.manager import Plugins
    from dcgraph.signal import Shape

LARGEST = 2**20  # of a number that is typed; what a machine holds is told by the check
DIGITS_EPOCHS = 20  # of the embedded images, which are few
OWN_FILES = {".npz": "npz", ".h5": "hdf5", ".hdf5": "hdf5"}  # what --train says without --data


def _integers(separator: str, form: str) -> Callable[..., tuple[int, ...] | None]:
    """Return what reads positive integers with a separator between them."""

    def read(
        ctx: click.Context, parameter: click.Parameter, value: str | None
    ) -> tuple[int, ...] | None:
        if value is None:
            return None
        parts = value.replace(" ", "").split(separator)
        if all(re.fullmatch(r"[0-9]{1,9}", part) and 0 < int(part) <= LARGEST for part in parts):
            return tuple(int(part) for part in parts)
        message = f"expected {form}, received '{value}'"
        raise click.BadParameter(message)

    return read


@click.command("new")
@click.argument("file", type=options.OutputFile)
@click.option(
    "--image",
    metavar="HxWxC",
    callback=_integers("x", "height x width x channels, as in 28x28x1"),
    help="Size of the images; without C, grey ones.  [default: that of --data]",
)
@click.option(
    "--depth", type=click.IntRange(1, 50), default=2, show_default=True, help="Layers of mixtures."
)
@click.option(
    "--components",
    metavar="K[,K...]",
    callback=_integers(",", "a number, or one for each layer, as in 25,25,49"),
    help="Components of each mixture: square numbers.  [default: 25, at the top 49]",
)
@click.option(
    "--data",
    "source",
    metavar="SOURCE",
    help="Where images come from (see 'dcgraph data list').  [default: digits, if they are grey]",
)
@click.option(
    "--train",
    metavar="PATH",
    help="The training images, for sources of your own files: npz, hdf5, folder.",
)
@click.option(
    "--outliers",
    metavar="LABEL[,LABEL...]",
    help="Labels that are never learned from, to see how well they are told apart.",
)
@options.overwrite
@options.plugin_files
@options.common
def command(
    session: Session,
    file: Path,
    *,
    image: tuple[int, ...] | None,
    depth: int,
    components: tuple[int, ...] | None,
    source: str | None,
    train: str | None,
    outliers: str | None,
    overwrite: bool,
    plugin_files: tuple[Path, ...],
) -> None:
    """Write a graph file to begin with.

    The file holds a stack of mixtures for images of the given size, sound, with a comment on every
    line: train it as it is, or change it.

    \b
    Examples:
      dcgraph new first.yaml
      dcgraph new mine.yaml --data mnist --depth 3 --outliers 0
      dcgraph new scans.yaml --image 64x48x1 --depth 4 --components 25 --data npz --train scans.npz
      dcgraph new colour.yaml --image 32x32x3 --components 36,64
    """
    from dcgraph.cli.opening import check_output
    from dcgraph.cli.picking import numbers
    from dcgraph.graph.load import graph_from_yaml
    from dcgraph.graph.notation import DEFAULT_SOURCE
    from dcgraph.graph.sections import name_from
    from dcgraph.graph.shipped import SUFFIXES
    from dcgraph.graph.template import EPOCHS, Template
    from dcgraph.pictures.files import replacing
    from dcgraph.plugin.load import plugins_from

    check_output(file, SUFFIXES, overwrite=overwrite)
    plugins = plugins_from(plugin_files)
    shape = _shape(image, DEFAULT_SOURCE if source is None else source, plugins)
    labels = None if outliers is None else numbers(outliers, "--outliers")
    data = _data(source, shape, train, labels, plugins)
    of_digits = data is not None and data.get("source") == DEFAULT_SOURCE
    template = Template(
        name=name_from(file.stem),
        shape=shape,
        depth=depth,
        components=components or (),
        data=data,
        epochs=DIGITS_EPOCHS if of_digits else EPOCHS,
    )
    text = template.text(shlex.quote(str(file)))
    try:
        graph_from_yaml(text, file=str(file), plugins=plugins)
    except GraphError as error:
        told = "; ".join(dict.fromkeys(problem.message for problem in error.problems))
        message = f"such a graph would not be sound: {told}"
        raise RequestError(message) from error
    with replacing(file) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")
    fields = {"output": file, "name": template.name, "notation": template.notation}
    session.reply(
        fields, lambda console: console.print(f"{file}: {template.notation}", soft_wrap=True)
    )
    session.advise("go on with\n  " + "\n  ".join(template.commands(shlex.quote(str(file)))[:2]))


def _shape(image: tuple[int, ...] | None, source: str, plugins: Plugins) -> Shape:
    """Return (h, w, c) of the images: as given, else those of the source."""
    if image is None:
        found = plugins.sources[source].info.shape
        if found is None:
            message = f"data source '{source}' does not say what size its images have: give --image"
            raise RequestError(message, field="--image")
        return found
    if len(image) not in (2, 3):
        given = "x".join(str(length) for length in image)
        message = f"expected height x width x channels, as in 28x28x1, received {given}"
        raise RequestError(message, field="--image")
    return (image[0], image[1], image[2] if len(image) == 3 else 1)


def _data(
    source: str | None,
    shape: Shape,
    train: str | None,
    outliers: Sequence[int] | None,
    plugins: Plugins,
) -> dict[str, Any] | None:
    """Return the keys of the data section; None if nothing says where images come from."""
    from dcgraph.graph.notation import DEFAULT_SOURCE

    if source is None and train is not None:
        source = OWN_FILES.get(Path(train).suffix.lower(), "folder")
    elif source is None and shape[2] == 1:  # as the embedded images
        source = DEFAULT_SOURCE
    if source is None:
        if outliers is not None:
            message = "labels are those of a data source: give --data, too"
            raise RequestError(message, field="--outliers")
        return None
    kind = plugins.sources[source]
    keys: dict[str, Any] = {"source": source}
    keys |= {} if train is None else {"train": train}
    if {"colour", "size"} <= kind.model_fields.keys():  # image files, which can be converted
        keys |= {"colour": "rgb" if shape[2] == 3 else "grey", "size": list(shape[:2])}
    keys |= {} if outliers is None else {"outliers": list(outliers)}
    if kind.info.shape is not None and kind.info.shape[:2] != shape[:2]:
        keys["fit"] = "resize"
    return keys
