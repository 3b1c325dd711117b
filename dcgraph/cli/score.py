"""dcgraph score: log-likelihoods of images, which of them are outliers, and where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dcgraph.cli import options, picking
from dcgraph.cli.session import Session

if TYPE_CHECKING:
    from rich.console import Console

    from dcgraph.cli.scored import Scored
    from dcgraph.inference.density import Kind
    from dcgraph.inference.outliers import Way

KINDS = ("log_likelihood", "max_component", "loss")
WAYS = ("mean", "least")
ENDINGS = {
    "output": (".npz", ".csv"),
    "map_file": (".npz", ".png"),
    "roc": (".png",),
    "histogram": (".png",),
    "extremes": (".png",),
}
BLOCK = 1000  # images in memory at a time


@click.command("score")
@click.argument("model", type=options.ModelFile)
@options.source
@picking.split
@picking.image_file
@click.option(
    "--node",
    "nodes",
    multiple=True,
    metavar="NODE[:WEIGHT]",
    help="A gmm node, its least likely position (gmm1.least), or how it compares with training "
    "images of the same component (gmm2.within); several times: these, and their combined score, "
    "with weights that may be negative in a mean (gmm1:-0.5).  [default: all of the nodes]",
)
@click.option(
    "--combine",
    type=click.Choice(WAYS),
    default=WAYS[0],
    show_default=True,
    help="The mean of several nodes' scores, or the least: as unusual as the node says that finds "
    "an image most so.",
)
@click.option(
    "--two-sided",
    multiple=True,
    metavar="NODE",
    help="In the combined score, take images that are too likely by this node for as unusual as "
    "those that are not likely. May be repeated.",
)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default=KINDS[0],
    show_default=True,
    help="The likelihood, that of the best component alone, or what training raises.",
)
@click.option(
    "--contamination",
    type=float,
    metavar="SHARE",
    help="Flag images so unlikely that only this share of the training images is; e.g. 0.05.",
)
@click.option(
    "-o",
    "--output",
    type=options.OutputFile,
    help="Write every image's score, label and outlier flag to an .npz or .csv file.",
)
@click.option(
    "--map",
    "map_file",
    type=options.OutputFile,
    help="Write where images are unlikely: all maps to an .npz, the least likely images to a .png.",
)
@click.option("--roc", type=options.OutputFile, help="Draw the ROC curves to a .png.")
@click.option("--histogram", type=options.OutputFile, help="Draw the scores to a .png.")
@click.option(
    "--extremes", type=options.OutputFile, help="Draw the most and least likely images to a .png."
)
@options.overwrite
@options.data_dir
@options.graph
@options.computing
@options.common
def command(
    session: Session,
    model: Path,
    *,
    source: str | None,
    split: str,
    file: Path | None,
    nodes: tuple[str, ...],
    combine: Way,
    two_sided: tuple[str, ...],
    kind: Kind,
    contamination: float | None,
    output: Path | None,
    map_file: Path | None,
    roc: Path | None,
    histogram: Path | None,
    extremes: Path | None,
    overwrite: bool,
    data_dir: Path | None,
    settings: tuple[str, ...],
    plugin_files: tuple[Path, ...],
    backend: str,
    threads: int | None,
) -> None:
    """Score images with MODEL.

    A score is the mean over a node's positions, or the least, in nats; higher is more likely. Where
    the data has outliers, AUC says how well low scores find them, AUPRC is the average precision,
    FPR95 the share of inliers flagged where 95 % of the outliers are. The combined score of several
    nodes is the mean, or the least, of their z-scores beside the training images. --set changes the
    data's settings.

    \b
    Examples:
      dcgraph score runs/dcgmm-e-s0.h5
      dcgraph score runs/dcgmm-e-s0.h5 --node gmm3 --contamination 0.05 --roc roc.png
      dcgraph score runs/dcgmm-e-s0.h5 --node gmm1.least --node gmm3 -o scores.csv
      dcgraph score runs/dcgmm-e-s0.h5 --data fashion_mnist --map maps.png --extremes ends.png
      dcgraph score mine.h5 --images new.npz --json
    """
    from dcgraph.cli import opening, scored
    from dcgraph.cli.arrays import write_columns
    from dcgraph.model import Model
    from dcgraph.plugin.load import plugins_from
    from dcgraph.storage.read import read_model

    files = {
        "output": output,
        "map_file": map_file,
        "roc": roc,
        "histogram": histogram,
        "extremes": extremes,
    }
    for name, path in files.items():
        if path is not None:
            opening.check_output(path, ENDINGS[name], overwrite=overwrite)
    plugins = plugins_from(plugin_files)
    record = read_model(model, plugins=plugins)
    request = scored.Request.of(record, nodes, kind, contamination, two_sided, combine)
    choice = picking.Choice(source, split, file, data_dir=data_dir)
    blocks = choice.blocks(session, model, record.graph, settings, plugins, BLOCK)
    opened = Model(record, backend=backend, threads=threads)
    wants_maps = map_file is not None and map_file.suffix.lower() == ".npz"
    done = scored.score(opened, blocks, request, plugins, keep_maps=wants_maps)
    done.draw(roc=roc, histogram=histogram)
    if output is not None:
        done.write(output)
    if extremes is not None:
        done.extremes.draw(opened, extremes)
    if map_file is not None and wants_maps:
        write_columns(map_file, done.maps)
    elif map_file is not None:
        done.extremes.draw_maps(opened, map_file, request.looked_at)
    fields = {**done.fields(), "output": output}
    session.reply(fields, lambda console: _show(console, done))
    for path in files.values():
        if path is not None:
            session.advise(f"saved {path}")


def _show(console: Console, done: Scored) -> None:
    console.print(done.table())
    found = done.decisions()
    if not found:
        return
    limit = "" if found["threshold"] is None else f" (score at most {found['threshold']:.2f})"
    told = f"{found['flagged']} of {done.n} images are outliers{limit}"
    if found["inliers_flagged"] is not None:
        told += (
            f": {found['outliers_flagged']:.1%} of the outliers, "
            f"{found['inliers_flagged']:.1%} of the inliers"
        )
    console.print()
    console.print(told, soft_wrap=True)
