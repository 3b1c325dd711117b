"""dcgraph classify: which class images are of, and how often that is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options, picking
from dcgraph.cli.session import Session
from dcgraph.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.console import Console
    from rich.table import Table

    from dcgraph.model import Model
    from dcgraph.plugin.manager import Plugins

ENDINGS = (".npz", ".csv")
PICTURE = (".png",)
BLOCK = 1000  # images in memory at a time
SHOWN = 64  # mistakes in a picture


@click.command("classify")
@click.argument("model", type=options.ModelFile)
@options.source
@picking.split
@picking.image_file
@click.option(
    "-o",
    "--output",
    type=options.OutputFile,
    help="Write every image's predicted class, its probability and label to an .npz or .csv file.",
)
@click.option(
    "--mistakes",
    type=options.OutputFile,
    metavar="FILE.png",
    help=f"Draw the {SHOWN} surest mistakes: place, label, prediction.",
)
@click.option(
    "--confusion",
    type=options.OutputFile,
    metavar="FILE.png",
    help="Draw the confusion matrix: how many images of each label were taken for each class.",
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
    output: Path | None,
    mistakes: Path | None,
    confusion: Path | None,
    overwrite: bool,
    data_dir: Path | None,
    settings: tuple[str, ...],
    plugin_files: tuple[Path, ...],
    backend: str,
    threads: int | None,
) -> None:
    """Classify images with MODEL, whose graph has a classifier node.

    Where the images have labels: the accuracy, and for each true class how many images were taken
    for which. Images that count as outliers are left out. --set changes the data's settings.

    \b
    Examples:
      dcgraph classify runs/classify-mnist-s0.h5
      dcgraph classify runs/classify-mnist-s0.h5 --mistakes mistakes.png --confusion confusion.png
      dcgraph classify runs/classify-mnist-s0.h5 --images mine.npz -o predicted.csv --json
    """
    from dcgraph.cli.arrays import write_columns
    from dcgraph.cli.opening import check_output
    from dcgraph.inference.labels import the_classifier
    from dcgraph.model import Model
    from dcgraph.plugin.load import plugins_from
    from dcgraph.storage.read import read_model

    for path, endings in ((output, ENDINGS), (mistakes, PICTURE), (confusion, PICTURE)):
        if path is not None:
            check_output(path, endings, overwrite=overwrite)
    plugins = plugins_from(plugin_files)
    record = read_model(model, plugins=plugins)
    node = the_classifier(record.graph)
    choice = picking.Choice(source, split, file, limit=None, data_dir=data_dir)
    blocks = choice.blocks(session, model, record.graph, settings, plugins, BLOCK)
    opened = Model(record, backend=backend, threads=threads)
    done = classified(opened, node, blocks, keep_mistakes=mistakes is not None)
    if output is not None:
        write_columns(output, done.columns())
    if mistakes is not None:
        done.draw_mistakes(mistakes)
    if confusion is not None:
        done.draw_confusion(confusion)
    measured = done.measured(plugins)
    fields = {"node": node, "n": done.n, **measured, **done.fields(), "output": output}
    session.reply(fields, lambda console: _show(console, done, node, measured))
    for path in (output, mistakes, confusion):
        if path is not None:
            session.advise(f"saved {path}")


def _show(console: Console, done: Classified, node: str, measured: Mapping[str, float]) -> None:
    told = ", ".join(f"{name} {value:.4f}" for name, value in measured.items())
    console.print(f"{done.n} images at {node}{': ' if told else ''}{told}")
    console.print()
    console.print(done.table())


def classified(
    model: Model, node: str, blocks: Iterable[picking.Picked], *, keep_mistakes: bool
) -> Classified:
    """Return what a model takes images for; those that count as outliers are left out.

    Parameters
    ----------
    keep_mistakes : bool
        Whether to keep images that are taken for something else than their label says.
    """
    import numpy as np

    columns: dict[str, list[Any]] = {name: [] for name in ("place", "predicted", "probability")}
    labels: list[Any] = []
    mistakes: list[Any] = []
    for picked in blocks:
        chosen = np.arange(len(picked.places))
        if picked.outlier is not None:
            chosen = chosen[~picked.outlier]
        if not len(chosen):
            continue
        images = picked.images[chosen]
        probabilities = model.predict_proba(images)
        predicted = probabilities.argmax(axis=1)
        found = (picked.places[chosen], predicted, probabilities.max(axis=1))
        for column, values in zip(columns.values(), found, strict=True):
            column.append(values)
        if picked.labels is not None:
            labels.append(picked.labels[chosen])
            if keep_mistakes:
                mistakes += list(images[predicted != labels[-1]])
    if not columns["place"]:
        message = "all of the images count as outliers, which no class is for"
        raise DataError(message)
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    shape = model.graph[node].shape
    return Classified(
        shape[0] * shape[1] * shape[2],
        **joined,
        labels=np.concatenate(labels) if labels else None,
        mistakes=mistakes,
    )


@dataclass(frozen=True)
class Classified:
    """What a model takes images for.

    Attributes
    ----------
    classes : int
        How many the classifier knows.
    place, predicted : integer arrays of shape (n,)
    probability : array of shape (n,)
        Of the predicted class.
    labels : integer array of shape (n,) or None
    mistakes : list of arrays of shape (h, w, c)
        The images whose prediction is not their label, in order; empty where not asked for.
    """

    classes: int
    place: NDArray[Any]
    predicted: NDArray[Any]
    probability: NDArray[Any]
    labels: NDArray[Any] | None
    mistakes: list[NDArray[Any]]

    @property
    def n(self) -> int:
        """Number of images."""
        return len(self.predicted)

    def measured(self, plugins: Plugins) -> dict[str, float]:
        """Return every metric of predictions; none where labels are not known."""
        if self.labels is None:
            return {}
        return {
            name: float(metric.function(self.labels, self.predicted))
            for name, metric in plugins.metrics.items()
            if metric.of == "predictions"
        }

    def confusion(self) -> NDArray[Any]:
        """Return how many images of label i were taken for class j, at [i, j].

        There are more rows than columns where an image has a label that is no class; without
        labels there is one row, of how many were taken for each class.
        """
        import numpy as np

        labels = np.zeros(self.n) if self.labels is None else self.labels
        labels = labels.astype(np.int64)
        rows = 1 if self.labels is None else max(self.classes, int(labels.max()) + 1)
        counts = np.bincount(labels * self.classes + self.predicted, minlength=rows * self.classes)
        return counts.reshape(rows, self.classes)

    def fields(self) -> dict[str, Any]:
        """Return what the JSON object says of predictions."""
        if self.labels is None:
            return {"predicted": self.confusion()[0]}
        return {"confusion": self.confusion(), "predicted": self.confusion().sum(axis=0)}

    def table(self) -> Table:
        """Return a row for each label, a column for each class, and each label's recall."""
        from dcgraph.cli.console import table

        counts = self.confusion()
        columns: dict[str, str | None] = {"label": None}
        columns |= {str(label): "" for label in range(self.classes)}
        columns["recall"] = ".4f"
        rows = []
        for label, row in enumerate(counts):
            total = int(row.sum())
            if self.labels is None:
                rows.append(("any", *row.tolist(), None))
            elif total:
                right = int(row[label]) if label < self.classes else 0
                cells = [count or None for count in row.tolist()]
                rows.append((str(label), *cells, right / total))
        return table(columns, rows)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return what an output file holds."""
        found = {
            "place": self.place,
            "predicted": self.predicted,
            "probability": self.probability,
        }
        return found if self.labels is None else {**found, "label": self.labels}

    def draw_mistakes(self, path: Path) -> None:
        """Write a picture of the surest mistakes, with label and prediction.

        Raises
        ------
        DataError
            There are none.
        """
        import numpy as np

        from dcgraph.cli.drawing import write_captioned

        if not self.mistakes or self.labels is None:
            message = "there is no mistake to draw" + (
                ": the images have no labels" if self.labels is None else ""
            )
            raise DataError(message)
        wrong = np.flatnonzero(self.predicted != self.labels)
        order = np.argsort(-self.probability[wrong], kind="stable")[:SHOWN]
        images = np.stack([self.mistakes[i] for i in order])
        captions = [f"{self.labels[i]} not {self.predicted[i]}" for i in wrong[order]]
        write_captioned(path, images, captions)

    def draw_confusion(self, path: Path) -> None:
        """Write a picture of the confusion matrix.

        Raises
        ------
        DataError
            The images have no labels.
        """
        from dcgraph.pictures.confusion import confusion_figure
        from dcgraph.pictures.files import replacing

        if self.labels is None:
            message = "there is no confusion matrix to draw: the images have no labels"
            raise DataError(message)
        with replacing(path) as beside:
            confusion_figure(self.confusion()).savefig(beside, dpi=100)
