"""The table as CSV, HDF5 and Markdown; the same figures in each."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import BytesIO, StringIO
from typing import Any

import numpy as np

from dcgraph.study.table import Row

FIELDS = ("metric", "graph", "node", "column", "mean", "std", "runs", "paper", "paper_std")


def fields(row: Row) -> dict[str, Any]:
    """Return a row as plain values, None where there is no figure."""
    return {name: getattr(row, name) for name in FIELDS if name != "runs"} | {
        "runs": len(row.values)
    }


def to_csv(rows: Sequence[Row]) -> str:
    """Return the table as CSV, a line for each figure; numbers in full."""
    text = StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        named = fields(row)
        writer.writerow({name: "" if named[name] is None else named[name] for name in FIELDS})
    return text.getvalue()


def to_hdf5(rows: Sequence[Row], backend: str = "numpy") -> memoryview:
    """Return the table as HDF5: an array for each column of the CSV, NaN where it has nothing.

    ``/seeds`` and ``/values`` (rows, runs) hold the runs behind each figure, -1 and NaN where a
    figure has fewer. The attribute ``backend`` says what computed the models, if it was not NumPy.
    """
    import h5py

    most = max((len(row.values) for row in rows), default=0)
    seeds = np.full((len(rows), most), -1, np.int64)
    values = np.full((len(rows), most), np.nan)
    for i, row in enumerate(rows):
        seeds[i, : len(row.seeds)] = row.seeds
        values[i, : len(row.values)] = row.values
    content = BytesIO()
    with h5py.File(content, "w") as root:
        root.attrs["format"] = "dcgraph-study-table"
        root.attrs["format_version"] = 1
        if backend != "numpy":
            root.attrs["backend"] = backend
        named = [fields(row) for row in rows]
        for name in FIELDS:
            column = [each[name] for each in named]
            if name in ("metric", "graph", "node", "column"):
                root.create_dataset(name, data=column, dtype=h5py.string_dtype())
            else:
                numbers = [np.nan if value is None else value for value in column]
                root[name] = np.asarray(numbers, np.int64 if name == "runs" else np.float64)
        root["seeds"], root["values"] = seeds, values
    return content.getbuffer()


def to_markdown(rows: Sequence[Row]) -> str:
    """Return the table as Markdown, one for each metric: rows by graph and node."""
    parts = []
    for metric in dict.fromkeys(row.metric for row in rows):
        header, lines = wide(rows, metric)
        table = [header, ["---"] * 2 + ["---:"] * (len(header) - 2), *lines]
        parts.append(f"**{metric}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in table))
    return "\n\n".join(parts) + "\n"


def wide(rows: Sequence[Row], metric: str) -> tuple[list[str], list[list[str]]]:
    """Return a metric's header and lines: graph, node, then ours, the paper's, the difference.

    What no row has is left out.
    """
    mine = [row for row in rows if row.metric == metric]
    columns = list(dict.fromkeys(row.column for row in mine))
    cells = {(row.graph, row.node, row.column): row for row in mine}
    published = [c for c in columns if any(r.paper is not None for r in mine if r.column == c)]
    header = ["graph", "node"]
    for column in columns:
        header += [column, "paper", "difference"] if column in published else [column]
    lines = []
    for graph, node in dict.fromkeys((row.graph, row.node) for row in mine):
        line = [graph, node or "-"]
        for column in columns:
            row = cells.get((graph, node, column), Row(metric, graph, node, column))
            line.append(figure(row.mean, row.std))
            if column in published:
                line += [figure(row.paper, row.paper_std), _difference(row)]
        lines.append(line)
    return header, lines


def figure(mean: float | None, std: float | None) -> str:
    """Return a figure and its spread, as many digits as are readable; "-" for none."""
    if mean is None:
        return "-"
    digits = 4 if abs(mean) < 10 else 2
    return f"{mean:.{digits}f}" + ("" if std is None else f" ± {std:.{digits}f}")


def _difference(row: Row) -> str:
    if row.mean is None or row.paper is None:
        return "-"
    return f"{row.mean - row.paper:+.4f}"
