"""The table as a picture: ours, the paper's, and the anchors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dcgraph.study.evaluations.base import stem
from dcgraph.study.table import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEW = 4  # columns that have axes of their own


def overviews(rows: Sequence[Row], metrics: Sequence[str]) -> Iterator[tuple[str, Figure]]:
    """Yield (file name without ending, figure) for each metric that the table has.

    A graph is shown by the last of its nodes.
    """
    for metric in metrics:
        mine = {(row.graph, row.column): row for row in rows if row.metric == metric}
        columns = list(dict.fromkeys(row.column for row in mine.values()))
        if not mine:
            continue
        drawn = _points if len(columns) <= FEW else _lines
        yield stem(metric), drawn(metric, list(mine.values()), columns)


def _points(metric: str, rows: Sequence[Row], columns: Sequence[str]) -> Figure:
    """Return axes for each column: a line for each graph, its mean and spread on it."""
    names = list(dict.fromkeys(row.graph for row in rows))
    figure = _figure(3.6 * len(columns) + 1.2, 1.2 + 0.3 * len(names))
    for axes, column in zip(
        figure.subplots(1, len(columns), sharey=True, squeeze=False)[0], columns, strict=True
    ):
        here = [row for row in rows if row.column == column]
        ours = [row for row in here if row.node]
        anchors = [row for row in here if not row.node]
        published = [row for row in here if row.paper is not None]
        for those, label, colour in (
            (ours, "dcgraph", "tab:blue"),
            (anchors, "trivial", "0.5"),
        ):
            seen = [(row, row.mean) for row in those if row.mean is not None]
            axes.errorbar(
                [mean for _, mean in seen],
                [names.index(row.graph) for row, _ in seen],
                xerr=[row.std or 0.0 for row, _ in seen],
                fmt="o",
                color=colour,
                label=label,
            )
        if published:
            axes.plot(
                [row.paper for row in published if row.paper is not None],
                [names.index(row.graph) for row in published],
                "D",
                markerfacecolor="none",
                color="tab:red",
                label="paper",
            )
        axes.set_yticks(range(len(names)), names)
        axes.set(title=column, xlabel=metric)
        axes.grid(axis="x", linewidth=0.4)
    figure.axes[0].invert_yaxis()
    figure.axes[0].legend(fontsize="small")
    return figure


def _lines(metric: str, rows: Sequence[Row], columns: Sequence[str]) -> Figure:
    """Return one pair of axes: a curve over the columns for each graph."""
    figure = _figure(2.0 + 0.5 * len(columns), 4.0)
    axes = figure.subplots()
    for name in dict.fromkeys(row.graph for row in rows):
        here = [row for row in rows if row.graph == name]
        seen = [(row, row.mean) for row in here if row.mean is not None]
        if not seen:  # a row of the paper alone
            continue
        axes.errorbar(
            [columns.index(row.column) for row, _ in seen],
            [mean for _, mean in seen],
            yerr=[row.std or 0.0 for row, _ in seen],
            marker="o",
            markersize=4,
            linewidth=1.5 if here[0].node else 0.8,
            linestyle="-" if here[0].node else "--",
            label=name,
        )
    axes.set_xticks(range(len(columns)), columns, rotation=60, ha="right")
    axes.set_ylabel(metric)
    axes.legend(fontsize="small", ncols=2)
    return figure


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(min(width, 16), height), layout="constrained")
