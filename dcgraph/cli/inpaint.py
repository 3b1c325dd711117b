"""dcgraph inpaint: complete images of which a part is unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dcgraph.cli import drawing, options, picking
from dcgraph.cli.session import Session

INTEGRATE = "integrate"


@click.command("inpaint")
@click.argument("model", type=options.ModelFile)
@click.option(
    "--mask",
    metavar="MASK",
    help="What is unknown: left, right, top or bottom (a half), box:y,x,h,w, random:0.5 (a share "
    "of the pixels, others for each image), a .png (black), or a boolean .npy (false); NaN pixels "
    "are unknown in any case.",
)
@click.option(
    "-n",
    "number",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Completions of each image.",
)
@click.option(
    "--fill",
    default="0",
    show_default=True,
    metavar=f"NUMBER|{INTEGRATE}",
    help="What unknown pixels go up as: a number (the paper's is 0), or integrated out.",
)
@drawing.output("inpainted.png", "the arrays 'images', 'known' and 'completions'")
@options.overwrite
@click.option("--node", help="The gmm node that says what to draw.  [default: topmost]")
@picking.some
@drawing.sharpen
@options.seed("Of the draws and of random masks.  [default: the model's]")
@drawing.scale
@options.graph
@options.computing
@options.common
def command(
    session: Session,
    model: Path,
    *,
    mask: str | None,
    number: int,
    fill: str,
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
    """Complete images of which a part is unknown.

    What is known goes up to a node of MODEL, and what comes down replaces what is unknown; known
    pixels are returned as they were. --set takes sampling settings (gmm.top=1) and settings of the
    data (data.classes=[3]). An array file holds the images (m, h, w, c), which of their pixels are
    known, completions (m, n, h, w, c), their places, and labels.

    \b
    Examples:
      dcgraph inpaint runs/dcgmm-e-s0.h5 --mask bottom --set gmm.top=1
      dcgraph inpaint runs/dcgmm-e-s0.h5 --mask random:0.7 --fill integrate -n 8 --overwrite
      dcgraph inpaint runs/dcgmm-e-s0.h5 --images holes.npz -o completed.npz
    """
    import numpy as np

    from dcgraph.cli.masks import parse_fill, parse_mask
    from dcgraph.cli.opening import check_output
    from dcgraph.inference.inpainting import kept
    from dcgraph.inference.readout import Readout
    from dcgraph.model import Model
    from dcgraph.plugin.load import plugins_from

    check_output(output, drawing.ENDINGS, overwrite=overwrite)
    filled = parse_fill(fill)
    plugins = plugins_from(plugin_files)
    record, of_data = drawing.open_record(session, model, settings, plugins)
    choice = picking.Choice(source, split, file, index, limit, data_dir)
    picked = choice.pick(session, model, record.graph, of_data, plugins)
    opened = Model(record, backend=backend, threads=threads)
    images = opened.checked_images(picked.images)
    seed = record.seed if seed is None else seed
    known = None if mask is None else parse_mask(mask, images.shape, seed=seed)
    keep = kept(images, known)
    readout = Readout()
    blocks = opened.inpaint_batches(
        images, keep, node=node, n=number, sharpen=sharpen, seed=seed, fill=filled, readout=readout
    )
    with drawing.counting(session, len(images), "completing") as counted:
        drawing.write_drawn(
            output,
            "completions",
            counted(blocks, axis=1),
            {"original": images, "known": np.where(keep, images, np.nan)},
            picked,
            scale=scale,
            extra={"known": keep},
        )
    fields: dict[str, Any] = {
        "model": model,
        "n": len(images),
        "completions": number,
        "node": node or record.graph.topmost(),
        "seed": seed,
        "fill": INTEGRATE if filled is None else filled,
        "unknown": float((~keep).mean()),
        "images": picked.places,
        "output": output,
    }
    fields |= {"sharpening": readout.summary()} if readout.nodes else {}
    told = f"{number} completion{'s' * (number > 1)} of {len(images)} images in {output}"
    session.reply(fields, lambda console: drawing.show(console, readout, told))
