"""dcgraph score: log-likelihoods of images, and how well they tell outliers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options
from dcgraph.cli.session import Session
from dcgraph.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.table import Table

    from dcgraph.data.dataset import Subset
    from dcgraph.inference.density import Kind
    from dcgraph.model import Model

KINDS = ("log_likelihood", "max_component", "loss")
ENDINGS = (".npz", ".csv")
BLOCK = 1000  # images in memory at a time


@click.command("score")
@click.argument("model", type=options.ModelFile)
@options.source
@click.option(
    "--split",
    type=click.Choice(["test", "train"]),
    default="test",
    show_default=True,
    help="Which images.",
)
@click.option("--node", help="A gmm node.  [default: all of them]")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default=KINDS[0],
    show_default=True,
    help="The likelihood, that of the best component alone, or what training raises.",
)
@click.option(
    "-o",
    "--output",
    type=options.OutputFile,
    help="Write every image's score, label and outlier flag to an .npz or .csv file.",
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
    node: str | None,
    kind: Kind,
    output: Path | None,
    overwrite: bool,
    data_dir: Path | None,
    settings: tuple[str, ...],
    plugin_files: tuple[Path, ...],
    backend: str,
    threads: int | None,
) -> None:
    """Score images with MODEL.

    A score is the mean over a node's positions, in nats; higher is more likely. Where the data has
    outliers, AUC says how well low scores find them. --set changes the data's settings.

    \b
    Examples:
      dcgraph score runs/dcgmm-e-s0.h5
      dcgraph score runs/dcgmm-e-s0.h5 --data fashion_mnist --node gmm3 -o scores.csv
      dcgraph score mine.h5 --data npz --set data.train=a.npz --set data.test=b.npz --json
    """
    from dcgraph.cli.arrays import write_columns
    from dcgraph.cli.opening import check_output, open_data, open_graph
    from dcgraph.inference.density import scored_node
    from dcgraph.model import Model
    from dcgraph.plugin.load import plugins_from
    from dcgraph.storage.read import read_model

    if output is not None:
        check_output(output, ENDINGS, overwrite=overwrite)
    plugins = plugins_from(plugin_files)
    record = read_model(model, plugins=plugins)
    main = scored_node(record.graph, node)
    graph = record.graph
    if source is not None or settings:
        graph = open_graph(session, model, plugins=plugins, settings=settings, source=source)
    dataset = open_data(graph, data_dir)
    images = dataset.train if split == "train" else dataset.test
    if images is None:
        message = "the data has no test images: give --split train"
        raise DataError(message)
    names = record.graph.density_nodes if node is None else (main,)
    opened = Model(record, backend=backend, threads=threads)
    scored = Scored(kind, score(opened, images, names, kind), images.labels, images.outlier)
    if output is not None:
        write_columns(output, scored.columns())
    session.reply(
        {"node": main, **scored.fields(main), "output": output},
        lambda console: console.print(scored.table()),
    )
    if output is not None:
        session.advise(f"saved {output}")


def score(
    model: Model, images: Subset, nodes: Sequence[str], kind: Kind
) -> dict[str, NDArray[Any]]:
    """Return the score of every image at each node, (n,), in nats."""
    import numpy as np

    from dcgraph.data.batches import ordered_batches

    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in nodes}
    for batch in ordered_batches(images, BLOCK):
        for name, scores in parts.items():
            scores.append(model.log_likelihood(batch.images, name, kind))
    return {name: np.concatenate(scores) for name, scores in parts.items()}


@dataclass
class Scored:
    """Scores of a set of images.

    Attributes
    ----------
    kind : str
    scores : dict of str to array of shape (n,)
        By node, in nats.
    labels : integer array of shape (n,) or None
    outlier : boolean array of shape (n,) or None
    """

    kind: str
    scores: dict[str, NDArray[Any]]
    labels: NDArray[Any] | None
    outlier: NDArray[Any] | None

    @property
    def n(self) -> int:
        """Number of images."""
        return len(next(iter(self.scores.values())))

    def summary(self, node: str) -> dict[str, float | None]:
        """Return the mean over all images, over inliers and over outliers, and the AUC.

        What cannot be said, because outliers are not known or one of the two is not there, is None.
        """
        from dcgraph.metrics import AUC

        scores, outlier = self.scores[node], self.outlier
        found: dict[str, float | None] = {
            "mean": float(scores.mean(dtype="float64")),
            "mean_inliers": None,
            "mean_outliers": None,
            "auc": None,
        }
        if outlier is not None and outlier.any() and not outlier.all():
            found["mean_inliers"] = float(scores[~outlier].mean(dtype="float64"))
            found["mean_outliers"] = float(scores[outlier].mean(dtype="float64"))
            found["auc"] = AUC.function(outlier, scores)
        return found

    def fields(self, main: str) -> dict[str, Any]:
        """Return what the JSON object says: of the main node, and of every node."""
        nodes = {name: self.summary(name) for name in self.scores}
        return {"kind": self.kind, "n": self.n, **nodes[main], "nodes": nodes}

    def table(self) -> Table:
        """Return a row for each node."""
        from dcgraph.cli.console import table

        columns = {
            "node": None,
            "images": "d",
            f"mean {self.kind}": ".2f",
            "of inliers": ".2f",
            "of outliers": ".2f",
            "AUC": ".4f",
        }
        rows = [(name, self.n, *self.summary(name).values()) for name in self.scores]
        return table(columns, rows)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return what an output file holds: the scores by node, labels and outlier flags."""
        known = {"label": self.labels, "outlier": self.outlier}
        return self.scores | {name: values for name, values in known.items() if values is not None}
