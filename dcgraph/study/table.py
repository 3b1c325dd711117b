"""Results to one table: mean and standard deviation over seeds, the paper's figures beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dcgraph.study.run import Result, Run
from dcgraph.study.spec import Paper

Found = Mapping[str, Result]


@dataclass(frozen=True)
class Row:
    """One figure of the table.

    Attributes
    ----------
    metric, graph, node, column : str
        `graph` may be an anchor, or a row of the paper alone; their `node` is "".
    seeds : tuple of int
    values : tuple of float
        For each seed.
    paper, paper_std : float or None
        The published mean and standard deviation; they stand at a graph's topmost node that has
        the metric.
    """

    metric: str
    graph: str
    node: str
    column: str
    seeds: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    paper: float | None = None
    paper_std: float | None = None

    @property
    def mean(self) -> float | None:
        """Mean over seeds; None where there is no result."""
        return float(np.mean(self.values)) if self.values else None

    @property
    def std(self) -> float | None:
        """Standard deviation over seeds (of the sample, n - 1); None for fewer than two."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None


def rows_of(runs: Sequence[Run], found: Found, paper: Paper) -> list[Row]:
    """Return the table, in the order of the study whatever the order of results.

    Parameters
    ----------
    runs : sequence of Run
        All of the study.
    found : mapping of str to Result
        Those that are finished, by name.
    """
    columns = list(dict.fromkeys(run.column for run in runs))
    graphs = list(dict.fromkeys(run.graph for run in runs))
    rows = []
    for metric in _metrics(runs, found, paper):
        published = paper.get(metric, {})
        for graph in graphs:
            mine = [run for run in runs if run.graph == graph and run.name in found]
            nodes = _nodes(mine, found, metric)
            for node in nodes:
                beside = published.get(graph, {}) if node == _topmost(mine, found, nodes) else {}
                for column in columns:
                    cell = [run for run in mine if run.column == column]
                    row = _row(metric, graph, node, column, cell, found, beside.get(column, ()))
                    rows += [row] if row.values else []
        for graph, figures in published.items():
            if any(row.metric == metric and row.graph == graph for row in rows):
                continue
            for column in columns:
                row = _row(metric, graph, "", column, [], found, figures.get(column, ()))
                rows += [row] if row.paper is not None else []
    return rows


def _row(
    metric: str,
    graph: str,
    node: str,
    column: str,
    cell: Sequence[Run],
    found: Found,
    published: Sequence[float],
) -> Row:
    pairs = [
        (run.seed, found[run.name].values[node][metric])
        for run in cell
        if metric in found[run.name].values.get(node, {})
    ]
    return Row(
        metric,
        graph,
        node,
        column,
        tuple(seed for seed, _ in pairs),
        tuple(value for _, value in pairs),
        published[0] if published else None,
        published[1] if len(published) > 1 else None,
    )


def _metrics(runs: Sequence[Run], found: Found, paper: Paper) -> Iterable[str]:
    seen: dict[str, None] = {}
    for run in runs:
        for values in found[run.name].values.values() if run.name in found else ():
            seen |= dict.fromkeys(values)
    return [*seen, *(metric for metric in paper if metric not in seen)]


def _nodes(runs: Sequence[Run], found: Found, metric: str) -> list[str]:
    """Return the nodes that have a metric: those of the graph in its order, then others."""
    seen: dict[str, None] = {}
    for run in runs:
        result = found[run.name]
        having = [node for node, values in result.values.items() if metric in values]
        seen |= dict.fromkeys(sorted(having, key=lambda node: _place(result, node)))
    return list(seen)


def _place(result: Result, node: str) -> int:
    return result.nodes.index(node) if node in result.nodes else len(result.nodes)


def _topmost(runs: Sequence[Run], found: Found, nodes: Sequence[str]) -> str | None:
    """Return the last of the nodes that is one of the graph's."""
    known = {node for run in runs for node in found[run.name].nodes}
    return next((node for node in reversed(nodes) if node in known), None)
