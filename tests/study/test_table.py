"""Results to a table, and the table in three formats that agree."""

from __future__ import annotations

import csv
import io

import h5py
import numpy as np
import pytest

from dcgraph.study.conduct import Standing
from dcgraph.study.formats import figure, to_csv, to_hdf5, to_markdown, wide
from dcgraph.study.overview import overviews
from dcgraph.study.page import page
from dcgraph.study.run import Result
from dcgraph.study.table import rows_of


@pytest.fixture
def study(grid):
    return grid()


@pytest.fixture
def found(study):
    """Results of all runs but one: two/digits/1 is missing."""
    results = {}
    for i, run in enumerate(study[1]):
        if run.anchor is not None:
            results[run.name] = Result((), {"": {"auc": 0.5 + i / 100}})
        elif run.graph == "one":
            results[run.name] = Result(("fold1", "gmm1"), {"gmm1": {"auc": 0.7 + i / 100}})
        else:
            values = {"gmm2": {"auc": 0.9}, "other": {"auc": 0.1}, "gmm1": {"auc": 0.8}}
            results[run.name] = Result(("fold1", "gmm1", "fold2", "gmm2"), values)
    del results["two/digits/1"]
    return results


@pytest.fixture
def rows(study, found):
    return rows_of(study[1], found, study[0].paper)


def test_rows_stand_in_the_order_of_the_study_and_of_its_graphs(rows):
    assert [(row.graph, row.node) for row in rows] == [
        ("one", "gmm1"),
        ("two", "gmm1"),
        ("two", "gmm2"),
        ("two", "other"),
        ("brightness", ""),
        ("gaussian_mixture", ""),
        ("other", ""),
    ]


def test_the_order_of_results_is_nothing_to_the_table(study, found, rows):
    backwards = dict(reversed(found.items()))
    assert rows_of(study[1], backwards, study[0].paper) == rows


def test_mean_and_deviation_over_seeds(rows):
    one = rows[0]
    assert one.seeds == (0, 1)
    assert one.mean == pytest.approx(0.72)
    assert one.std == pytest.approx(np.std([0.70, 0.74], ddof=1))
    two = rows[1]
    assert (two.seeds, two.mean, two.std) == ((0,), 0.8, None)


def test_the_papers_figure_stands_at_the_topmost_node_and_its_other_rows_at_the_end(rows):
    beside = {(row.graph, row.node): (row.paper, row.paper_std) for row in rows if row.paper}
    assert beside == {("two", "gmm2"): (0.95, 0.01), ("other", ""): (0.9, None)}


INLIERS = """\
graphs: {one: "F(8,1)-G(9)"}
data: [digits]
inliers: [[0], [1], [2]]
seeds: 0..1
evaluate: [judged]
anchors: [one_image]
paper: {accuracy: {one: {digits mean: [0.9]}, other: {digits mean: [0.8]}}}
"""


@pytest.fixture
def classes(grid):
    """A study of three classes, and the results of all runs but one."""
    study, runs = grid(INLIERS)
    found = {}
    for run in runs:
        value = int(run.column[-1]) / 10 + run.seed / 100
        node = "" if run.anchor else "gmm1"
        found[run.name] = Result(("gmm1",), {node: {"accuracy": value}})
    del found["one/digits 2/1"]
    return study, runs, found


def test_a_mean_over_classes_stands_behind_them_beside_the_papers(classes):
    study, runs, found = classes
    rows = rows_of(runs, found, study.paper)
    assert [(row.graph, row.column, row.mean, row.paper) for row in rows if row.graph == "one"] == [
        ("one", "digits 0", pytest.approx(0.005), None),
        ("one", "digits 1", pytest.approx(0.105), None),
        ("one", "digits 2", 0.2, None),
        ("one", "digits mean", pytest.approx(0.1), 0.9),
    ]
    assert [row.column for row in rows if row.graph == "other"] == ["digits mean"]


def test_only_seeds_that_have_every_class_count_for_the_mean(classes):
    _, runs, found = classes
    seeds = {
        row.graph: row.seeds for row in rows_of(runs, found, {}) if row.column == "digits mean"
    }
    assert seeds == {"one": (0,), "one_image": (0,)}
    del found["one/digits 1/0"]
    means = [row for row in rows_of(runs, found, {}) if row.column == "digits mean"]
    assert [row.graph for row in means] == ["one_image"]


def test_formats_agree(rows):
    lines = list(csv.DictReader(io.StringIO(to_csv(rows))))
    with h5py.File(io.BytesIO(to_hdf5(rows))) as root:
        columns = {name: dataset[()] for name, dataset in root.items()}
    markdown = to_markdown(rows)
    assert len(lines) == len(rows) == len(columns["mean"])
    for i, (row, line) in enumerate(zip(rows, lines, strict=True)):
        for name in ("metric", "graph", "node", "column"):
            assert line[name] == columns[name][i].decode() == getattr(row, name)
        for name in ("mean", "std", "paper", "paper_std"):
            value = getattr(row, name)
            assert line[name] == ("" if value is None else repr(value))
            np.testing.assert_equal(columns[name][i], np.nan if value is None else value)
        assert int(line["runs"]) == columns["runs"][i] == len(row.values)
        assert tuple(columns["values"][i, : len(row.values)]) == row.values
        assert tuple(columns["seeds"][i, : len(row.seeds)]) == row.seeds
        assert f"| {row.graph} | {row.node or '-'} | {figure(row.mean, row.std)} |" in markdown


def test_markdown_shows_ours_the_papers_and_the_difference(rows):
    header, lines = wide(rows, "auc")
    assert header == ["graph", "node", "digits", "paper", "difference"]
    assert lines[2] == ["two", "gmm2", "0.9000", "0.9500 ± 0.0100", "-0.0500"]
    assert lines[-1] == ["other", "-", "-", "0.9000", "-"]


def test_what_computed_is_said_where_it_was_not_numpy(grid, found):
    said = {}
    for backend in ("numpy", "cupy:1"):
        study, runs = grid(backend=backend)
        standing = Standing(runs, found)
        text = page(study, standing, "", [], "dcgraph study small")
        with h5py.File(io.BytesIO(to_hdf5([], standing.backend))) as root:
            said[backend] = (
                [line for line in text.splitlines() if line.startswith("- backend")],
                "of one core" in text,
                root.attrs.get("backend"),
            )
    assert said == {"numpy": ([], True, None), "cupy:1": (["- backend: cupy"], False, "cupy")}


def test_a_table_without_results_is_empty(study):
    assert to_csv(rows_of(study[1], {}, {})).count("\n") == 1
    assert rows_of(study[1], {}, study[0].paper)  # the paper's figures are there already


@pytest.mark.parametrize("outliers", ["[[0]]", "each"])
def test_the_table_as_a_picture(grid, small, outliers):
    text = small.replace("[[0]]", outliers)
    text = text if outliers != "each" else text.replace("{digits: ", "{digits 0: ")
    study, runs = grid(text)
    results = {run.name: Result(("gmm1",), {"gmm1": {"auc": 0.5}}) for run in runs}
    rows = rows_of(runs, results, study.paper)
    ((name, figure),) = overviews(rows, ["auc", "absent"])
    assert name == "auc"
    labels = [text.get_text() for axes in figure.axes for text in axes.get_legend().get_texts()]
    assert set(labels) & {"paper", "one"}
