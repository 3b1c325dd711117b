"""A study file to runs: which there are, in what order, and with what settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dcgraph.errors import StudyError
from dcgraph.graph.load import graph_from_document
from dcgraph.plugin.load import installed_plugins
from dcgraph.study.columns import columns_of, extent_of
from dcgraph.study.evaluations.metrics import Metrics
from dcgraph.study.grid import runs_of
from dcgraph.study.read import read_study
from dcgraph.study.run import Run


def names(runs):
    return [run.name for run in runs]


def test_every_graph_on_every_column_with_every_seed_then_the_anchors(grid):
    _, runs = grid()
    assert names(runs) == [
        "one/digits/0",
        "two/digits/0",
        "brightness/digits/0",
        "gaussian_mixture/digits/0",
        "one/digits/1",
        "two/digits/1",
        "gaussian_mixture/digits/1",  # brightness has no use for another seed
    ]


def test_several_sets_of_outliers_are_columns_of_their_own(grid, small):
    _, runs = grid(small.replace("[[0]]", "[[0], [1, 2]]").replace("{digits: ", "{digits 0: "))
    assert {run.column for run in runs} == {"digits 0", "digits 1 2"}
    found = {run.column: graph_from_document(run.document).data for run in runs}
    assert found["digits 1 2"].outliers == (1, 2)
    assert found["digits 1 2"].classes is None


def test_each_class_in_turn(grid, small):
    text = small.replace("[[0]]", "each").replace("{digits: ", "{digits 3: ")
    _, runs = grid(text)
    assert len({run.column for run in runs}) == 10
    assert {tuple(run.document["data"]["outliers"]) for run in runs} == {(k,) for k in range(10)}


INLIERS = """\
graphs: {one: "F(8,1)-G(9)"}
data: [digits]
inliers: each
evaluate: [{type: judged, n: 10}, frechet, samples]
anchors: [training_images, {type: vae, epochs: 1}]
quick: {inliers: [[3]], evaluate: [{type: judged, n: 2}], anchors: [one_image]}
paper: {"samples: accuracy": {one: {digits mean: [0.9]}}}
"""


def test_each_class_by_itself(grid):
    _, runs = grid(INLIERS)
    ours = [run for run in runs if run.anchor is None]
    assert [run.column for run in ours] == [f"digits {k}" for k in range(10)]
    for k, run in enumerate(ours):
        data = graph_from_document(run.document).data
        assert (data.classes, data.outliers) == ((k,), ())
    assert {run.group for run in runs} == {"digits"}
    assert {run.graph for run in runs} == {"one", "training_images", "vae"}


def test_anchors_that_draw_are_asked_what_is_asked_of_samples(grid):
    _, runs = grid(INLIERS)
    asked = {run.graph: [each.type for each in run.evaluations] for run in runs}
    assert asked["one"] == ["judged", "frechet", "samples"]
    assert asked["vae"] == ["judged", "frechet"]


def test_one_set_of_inliers_is_a_column_without_a_mean(grid):
    text = INLIERS.replace("each", "[[1]]").replace("digits mean", "digits")
    _, runs = grid(text.replace("{inliers: [[3]], ", "{"))
    assert {(run.column, run.group) for run in runs} == {("digits", "")}


def test_quick_may_ask_something_else_of_fewer_classes(grid):
    study, runs = grid(INLIERS, quick=True)
    assert names(runs) == ["one/digits 3/0", "one_image/digits 3/0"]
    assert [[each.n for each in run.evaluations] for run in runs] == [[2], [2]]
    assert study.evaluate[0].n == 10


def test_settings_reach_the_graphs(grid):
    _, runs = grid()
    one, two = runs[:2]
    assert one.document["train"]["seed"] == 0
    assert runs[4].document["train"]["seed"] == 1
    assert {run.document["data"]["limit"] for run in runs} == {300}
    assert two.document["nodes"]["gmm1"]["precision_max"] == 5
    assert one.document["nodes"]["gmm1"]["precision_max"] != 5


def test_the_nearer_setting_wins(grid, small):
    text = small.replace("set: {data.limit: 300}", "set: {train.epochs: 1}").replace(
        "set: {gmm1.precision_max: 5}}",
        "set: {train.epochs: 3}, on: {digits: {train.batch_size: 7}}}",
    )
    _, runs = grid(text)
    assert [run.document["train"]["epochs"] for run in runs[:2]] == [1, 3]
    assert [run.document["train"]["batch_size"] for run in runs[:2]] == [100, 7]
    _, quick = grid(text.replace("[one], set", "[two], set"), quick=True)
    assert quick[0].document["train"]["epochs"] == 0.5


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("seeds", ["0..1", "[7]", None])
def test_runs_can_be_counted_without_looking_at_graphs(grid, small, seeds, quick):
    study, runs = grid(INLIERS if seeds is None else small.replace("0..1", seeds), quick=quick)
    columns = columns_of(study, installed_plugins())
    asked = study.version(quick=quick)
    assert extent_of(study, columns, quick=quick).count(asked) == len(runs)


OWN = "two: {seeds: {digits: [5, 6, 7]}, graph"


@pytest.mark.parametrize("own", [OWN, "two: {seeds: 5..7, graph"])
def test_a_graph_may_have_seeds_of_its_own(grid, small, own):
    study, runs = grid(small.replace("two: {graph", own))
    assert [name for name in names(runs) if name[:3] in ("one", "two")] == [
        "one/digits/0",
        "two/digits/5",
        "one/digits/1",
        "two/digits/6",
        "two/digits/7",
    ]
    assert [run.document["train"]["seed"] for run in runs if run.graph == "two"] == [5, 6, 7]
    assert "gaussian_mixture/digits/1" in names(runs)  # anchors keep the study's
    columns = columns_of(study, installed_plugins())
    assert extent_of(study, columns, quick=False).count(study) == len(runs)


@pytest.mark.parametrize(("named", "seed"), [("", 5), ("seeds: [3], ", 3)])
def test_quick_takes_the_first_of_a_graphs_own_seeds_unless_it_names_others(
    grid, small, named, seed
):
    text = small.replace("two: {graph", OWN).replace("graphs: [one]", f"{named}graphs: [two]")
    _, runs = grid(text, quick=True)
    assert [name for name in names(runs) if name.startswith("two")] == [f"two/digits/{seed}"]


def test_seeds_of_its_own_hold_on_the_data_that_they_are_given_for(grid, small):
    text = small.replace("data: [digits]", "data: {digits: digits, again: {source: digits}}")
    _, runs = grid(text.replace("two: {graph", "two: {seeds: {again: [9]}, graph"))
    assert [(run.column, run.seed) for run in runs if run.graph == "two"] == [
        ("digits", 0),
        ("again", 9),
        ("digits", 1),
    ]


def test_quick_keeps_what_it_names_and_the_first_seed(grid):
    _, runs = grid(quick=True)
    assert names(runs) == ["one/digits/0", "brightness/digits/0", "gaussian_mixture/digits/0"]


def test_quick_may_name_outliers_seeds_and_data(grid, small):
    text = small.replace("[[0]]", "[[0], [1]]").replace("{digits: ", "{digits 0: ")
    quick = "quick: {data: [digits], outliers: [[1]], seeds: [3]}"
    lines = [quick if line.startswith("quick") else line for line in text.splitlines()]
    _, runs = grid("\n".join(lines), quick=True)
    assert {(run.column, run.seed) for run in runs} == {("digits 1", 3)}


def test_a_digest_changes_with_what_determines_the_run_and_with_nothing_else(grid, small):
    def digests(text):
        return {run.name: run.digest for run in grid(text)[1]}

    first = digests(small)
    assert len(set(first.values())) == len(first)
    assert digests(small) == first
    renamed = small.replace("name: small", "name: other").replace("0.95", "0.96")
    assert digests(renamed) == first
    changed = digests(small.replace("precision_max: 5", "precision_max: 6"))
    assert {name for name in first if changed[name] != first[name]} == {
        "two/digits/0",
        "two/digits/1",
    }
    asked = digests(small.replace("[metrics]", "[metrics, roc]"))
    assert {name for name in first if asked[name] == first[name]} == {
        name for name in first if name.startswith(("brightness", "gaussian"))
    }


def test_results_of_another_backend_are_others_and_anchors_have_none(grid):
    runs = grid()[1]
    for backend in ("cupy", "cupy:1"):
        others = grid(backend=backend)[1]
        assert [run.name for run in others] == [run.name for run in runs]
        for run, other in zip(runs, others, strict=True):
            assert (run.file_name == other.file_name) == (run.anchor is not None)
            assert other.backend == ("numpy" if run.anchor else backend)
            assert other.file_name == replace(other, backend=other.kind).file_name


def test_results_of_numpy_are_called_as_they_always_were(monkeypatch):
    monkeypatch.setattr("dcgraph.__version__", "0.0.0")
    document = {
        "nodes": {"image": {"type": "input", "shape": [8, 8, 1]}},
        "data": {"source": "digits"},
        "train": {"seed": 3},
    }
    run = Run("E", "digits", 3, document, (Metrics(),))
    assert run.file_name == "E-digits-s3-88704286397c.h5"
    assert replace(run, backend="cupy").file_name != run.file_name


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("one", 2),
        ("digits", 7),
        ("1", 3),
        ("two/*/1", 1),
        ("*/0", 4),
        ("t?o/*/0", 1),
        ("x", 0),
    ],
)
def test_a_pattern_means_a_part_or_a_name(grid, pattern, count):
    _, runs = grid()
    assert sum(run.matches(pattern) for run in runs) == count


def test_a_graph_file_is_looked_for_beside_the_study(tmp_path, small):
    graph = "nodes:\n  image: {type: input, shape: [8, 8, 1]}\n  gmm7: {type: gmm, components: 4}\n"
    (tmp_path / "mine.yaml").write_text(graph + "forward: [image -> gmm7]\n")
    path = tmp_path / "study.yaml"
    path.write_text(small.replace('"F(8,1)-G(9)"', "mine.yaml"))
    plugins = installed_plugins()
    runs = runs_of(*read_study(path, plugins), plugins)
    assert "gmm7" in runs[0].document["nodes"]


def test_a_row_may_have_a_graph_for_each_data(grid, small):
    graphs = '{graph: {digits: "F(8,1)-G(9)", others: "F(8,1)-G(16)"}}'
    text = small.replace('"F(8,1)-G(9)"', graphs, 1)
    text = text.replace("data: [digits]", "data: {digits: digits, others: digits}")
    _, runs = grid(text)
    found = {
        run.column: run.document["nodes"]["gmm1"]["components"]
        for run in runs
        if run.graph == "one"
    }
    assert found == {"digits": 9, "others": 16}


@pytest.mark.parametrize("kept", ["graphs: []", "data: []", "outliers: [[5]]"])
def test_a_quick_version_without_runs_is_refused(grid, small, kept):
    text = small.replace("{graphs: [one], set", f"{{{kept}, set")
    with pytest.raises(StudyError, match=r"study.yaml:9: field 'quick': what `quick` keeps leaves"):
        grid(text, quick=True)


def test_each_class_of_a_source_that_does_not_say_which_it_has_is_refused(grid, small, tmp_path):
    text = small.replace("[[0]]", "each").replace(
        "data: [digits]", "data: {mine: {source: npz, set: {data.path: x.npz}}}"
    )
    with pytest.raises(StudyError, match=r"study.yaml:6.*list the outliers instead of 'each'"):
        grid(text.replace("{digits: ", "{mine 0: "))
    with pytest.raises(StudyError, match=r"study.yaml:6.*list the inliers instead of 'each'"):
        grid(text.replace("{digits: ", "{mine 0: ").replace("outliers: each", "inliers: each"))
