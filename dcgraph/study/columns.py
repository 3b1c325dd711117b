"""What a study combines: graphs, columns of data and outlier classes, seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dcgraph.errors import RequestError
from dcgraph.plugin.manager import Plugins
from dcgraph.study.spec import Study


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes
    ----------
    label : str
        The data's, with the outlier classes behind it where the study has several sets of them.
    data : str
        Label of the data.
    outliers : tuple of int or None
        None: what each graph's file says.
    """

    label: str
    data: str
    outliers: tuple[int, ...] | None


def columns_of(study: Study, plugins: Plugins) -> list[Column]:
    """Return the columns, in the order of the file.

    Raises
    ------
    RequestError
        Every class is to be an outlier in turn, but a source does not say which it has.
    """
    columns = []
    for label, entry in study.data.items():
        if study.outliers == "each":
            classes = plugins.sources[entry.source].info.classes
            if classes is None:
                message = (
                    f"data source '{entry.source}' does not say which classes it has: list the "
                    "outliers instead of 'each'"
                )
                raise RequestError(message)
            sets: Sequence[tuple[int, ...] | None] = [(each,) for each in range(classes)]
        else:
            sets = study.outliers or (None,)
        for outliers in sets:
            behind = " ".join(str(each) for each in outliers or ()) if len(sets) > 1 else ""
            columns.append(Column(f"{label} {behind}".strip(), label, outliers))
    return columns


@dataclass(frozen=True)
class Extent:
    """Labels of graphs, columns and seeds that are combined with each other."""

    graphs: Sequence[str]
    columns: Sequence[Column]
    seeds: Sequence[int]

    def count(self, study: Study) -> int:
        """Return how many runs there are, those of anchors included."""
        anchors = sum(len(self.seeds) if anchor.seeded else 1 for anchor in study.anchors)
        return len(self.columns) * (len(self.graphs) * len(self.seeds) + anchors)


def extent_of(study: Study, columns: Sequence[Column], *, quick: bool) -> Extent:
    """Return what a study combines, or what ``--quick`` keeps of that."""
    whole = Extent(list(study.graphs), columns, study.seeds)
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
        ],
        kept.seeds or whole.seeds[:1],
    )
