"""What a study combines: graphs, columns of data and classes, seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from dcgraph.errors import RequestError
from dcgraph.plugin.manager import Plugins
from dcgraph.study.spec import Classes, Study


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes
    ----------
    label : str
        The data's, with the classes behind it where the study has several sets of them.
    data : str
        Label of the data.
    outliers, inliers : tuple of int or None
        Classes that are to be found, or that are learned; None, both: what each graph's file says.
    group : str
        What the column is one of, with a mean over them: the data's label where each of several
        sets of classes is learned by itself, else "".
    """

    label: str
    data: str
    outliers: Classes | None = None
    inliers: Classes | None = None
    group: str = ""


def mean_label(group: str) -> str:
    """Return the label of the mean over a group of columns."""
    return f"{group} mean"


def labels_of(columns: Sequence[Column]) -> list[str]:
    """Return the labels of all columns of the table, those of means included."""
    groups = dict.fromkeys(column.group for column in columns if column.group)
    return [*(column.label for column in columns), *map(mean_label, groups)]


def columns_of(study: Study, plugins: Plugins) -> list[Column]:
    """Return the columns, in the order of the file.

    Raises
    ------
    RequestError
        Every class is to be an outlier or learned in turn, but a source does not say which it has.
    """
    columns = []
    for label, entry in study.data.items():
        for key in ("outliers", "inliers"):
            asked = getattr(study, key)
            if asked == "each":
                asked = _each(entry.source, key, plugins)
            for classes in asked:
                behind = " ".join(str(each) for each in classes) if len(asked) > 1 else ""
                group = label if behind and key == "inliers" else ""
                named = f"{label} {behind}".strip()
                columns.append(Column(named, label, group=group, **{key: classes}))
        if not (study.outliers or study.inliers):
            columns.append(Column(label, label))
    return columns


def _each(source: str, key: str, plugins: Plugins) -> tuple[Classes, ...]:
    classes = plugins.sources[source].info.classes
    if classes is None:
        message = (
            f"data source '{source}' does not say which classes it has: list the {key} instead "
            "of 'each'"
        )
        raise RequestError(message, field=key)
    return tuple((each,) for each in range(classes))


@dataclass(frozen=True)
class Extent:
    """What is combined with each other.

    Attributes
    ----------
    graphs : sequence of str
        Labels.
    columns : sequence of Column
    seeds : sequence of int
        Those of anchors, and of graphs that have none of their own.
    own : mapping
        Seeds of a graph on one of the study's data, by the labels of both.
    """

    graphs: Sequence[str]
    columns: Sequence[Column]
    seeds: Sequence[int]
    own: Mapping[tuple[str, str], Sequence[int]]

    def seeds_of(self, graph: str, column: Column) -> Sequence[int]:
        """Return the seeds of a graph on a column."""
        return self.own.get((graph, column.data), self.seeds)

    def count(self, study: Study) -> int:
        """Return how many runs there are, those of anchors included."""
        anchors = sum(len(self.seeds) if anchor.seeded else 1 for anchor in study.anchors)
        trained = sum(len(self.seeds_of(graph, column)) for graph, column in self.cells())
        return trained + len(self.columns) * anchors

    def cells(self) -> Iterator[tuple[str, Column]]:
        """Yield every graph on every column."""
        return product(self.graphs, self.columns)


def extent_of(study: Study, columns: Sequence[Column], *, quick: bool) -> Extent:
    """Return what a study combines, or what ``--quick`` keeps of that."""
    own = {
        (label, data): seeds
        for label, entry in study.graphs.items()
        for data, seeds in entry.seeds.items()
    }
    whole = Extent(list(study.graphs), columns, study.seeds, own)
    if not quick:
        return whole
    kept = study.quick
    return Extent(
        [label for label in whole.graphs if kept.graphs is None or label in kept.graphs],
        [
            column
            for column in columns
            if (kept.data is None or column.data in kept.data)
            and (kept.outliers is None or column.outliers in kept.outliers)
            and (kept.inliers is None or column.inliers in kept.inliers)
        ],
        kept.seeds or whole.seeds[:1],
        {} if kept.seeds else {cell: seeds[:1] for cell, seeds in own.items()},
    )
