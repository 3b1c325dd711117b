"""Results to one table: mean and standard deviation over seeds, the paper's figures beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dcgraph.study.columns import mean_label
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
    columns = _columns(runs)
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
                    values = _values(metric, node, columns[column], mine, found)
                    row = _row(metric, graph, node, column, values, beside.get(column, ()))
                    rows += [row] if row.values else []
        for graph, figures in published.items():
            if any(row.metric == metric and row.graph == graph for row in rows):
                continue
            for column in columns:
                row = _row(metric, graph, "", column, {}, figures.get(column, ()))
                rows += [row] if row.paper is not None else []
    return rows


def _columns(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Return the columns of the table, and those of runs that each is the mean over.

    The mean over a group stands behind its last column.
    """
    groups: dict[str, list[str]] = {}
    for run in runs:
        group = groups.setdefault(run.group, [])
        if run.column not in group:
            group.append(run.column)
    found = {}
    for column in dict.fromkeys(run.column for run in runs):
        found[column] = [column]
        for name, group in groups.items():
            if name and column == group[-1]:
                found[mean_label(name)] = group
    return found


def _values(
    metric: str, node: str, columns: Sequence[str], runs: Sequence[Run], found: Found
) -> dict[int, float]:
    """Return a metric's value for each seed that has one in every column: the mean over them."""
    seen: dict[int, list[float]] = {}
    for run in runs:
        values = found[run.name].values.get(node, {})
        if run.column in columns and metric in values:
            seen.setdefault(run.seed, []).append(values[metric])
    whole = {seed: each for seed, each in seen.items() if len(each) == len(columns)}
    return {seed: float(np.mean(each)) for seed, each in whole.items()}


def _row(
    metric: str,
    graph: str,
    node: str,
    column: str,
    values: Mapping[int, float],
    published: Sequence[float],
) -> Row:
    return Row(
        metric,
        graph,
        node,
        column,
        tuple(values),
        tuple(values.values()),
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
