"""dcgraph variants: draw images that a node takes for the same as given ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dcgraph.cli import drawing, options, picking
from dcgraph.cli.session import Session


@click.command("variants")
@click.argument("model", type=options.ModelFile)
@click.option(
    "-n",
    "number",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Variants of each image.",
)
@drawing.output("variants.png", "the arrays 'images' and 'variants'")
@options.overwrite
@click.option(
    "--node",
    help="The gmm node that takes them for the same; the higher, the freer.  [default: topmost]",
)
@picking.some
@drawing.sharpen
@options.seed("Of the draws.  [default: the model's]")
@drawing.scale
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
    source: str | None,
    split: str,
    file: Path | None,
    index: str | None,
    limit: int,
    data_dir: Path | None,
    sharpen: int,
    seed: int | None,
    scale: int | None,
    settings: tuple[str, ...],
    plugin_files: tuple[Path, ...],
    backend: str,
    threads: int | None,
) -> None:
    """Draw variants of images.

    The images go up to a node of MODEL; what comes down from its activities are their variants.
    --set takes sampling settings (gmm.top=1) and settings of the data (data.classes=[3]). An array
    file holds the images (m, h, w, c), variants (m, n, h, w, c), their places, and labels.

    \b
    Examples:
      dcgraph variants runs/dcgmm-e-s0.h5 --node gmm3 --set gmm.top=1
      dcgraph variants runs/dcgmm-e-s0.h5 --node gmm1 --index 0,7,20..25 -n 8 --overwrite
      dcgraph variants runs/dcgmm-e-s0.h5 --images mine.npz -o variants.npz
    """
    from dcgraph.cli.opening import check_output
    from dcgraph.inference.readout import Readout
    from dcgraph.model import Model
    from dcgraph.plugin.load import plugins_from

    check_output(output, drawing.ENDINGS, overwrite=overwrite)
    plugins = plugins_from(plugin_files)
    record, of_data = drawing.open_record(session, model, settings, plugins)
    choice = picking.Choice(source, split, file, index, limit, data_dir)
    picked = choice.pick(session, model, record.graph, of_data, plugins)
    opened = Model(record, backend=backend, threads=threads)
    readout = Readout()
    blocks = opened.variants_batches(
        picked.images, node=node, n=number, sharpen=sharpen, seed=seed, readout=readout
    )
    with drawing.counting(session, len(picked.images), "variants") as counted:
        drawing.write_drawn(
            output,
            "variants",
            counted(blocks, axis=1),
            {"original": opened.checked_images(picked.images)},
            picked,
            scale=scale,
        )
    fields: dict[str, Any] = {
        "model": model,
        "n": len(picked.images),
        "variants": number,
        "node": node or record.graph.topmost(),
        "seed": record.seed if seed is None else seed,
        "images": picked.places,
        "output": output,
    }
    fields |= {"sharpening": readout.summary()} if readout.nodes else {}
    told = f"{number} variant{'s' * (number > 1)} of {len(picked.images)} images in {output}"
    session.reply(fields, lambda console: drawing.show(console, readout, told))
