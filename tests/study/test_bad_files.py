"""What is wrong with a study file is told in sentences, each with its line, all at once."""

from __future__ import annotations

import pytest

from dcgraph.errors import RequestError, StudyError
from dcgraph.plugin.load import installed_plugins
from dcgraph.study.read import read_study, study_file

# (what stands in the small study, what it is replaced by, line, start of the sentence)
WRONG = [
    ("seeds: 0..1", "sedes: 0..1", 7, "field 'sedes': unknown key 'sedes'; did you mean 'seeds'?"),
    ("seeds: 0..1", "seeds: 4..1", 7, "field 'seeds': expected different seeds as a list, [0, 1]"),
    ("seeds: 0..1", "seeds: [1, 1]", 7, "field 'seeds': expected different seeds"),
    ("seeds: 0..1", "seeds: [0.5]", 7, "field 'seeds': expected different seeds"),
    ("seeds: 0..1", "seeds: 0..9999999", 7, "field 'seeds': expected different seeds"),
    ("two: {", "two: {seeds: [x], ", 4, "field 'graphs.two.seeds': expected different seeds as a"),
    (
        "two: {",
        "two: {seeds: {digits: 1}, ",
        4,
        "field 'graphs.two.seeds.digits': expected different seeds as a list, [0, 1], or as a",
    ),
    (
        "two: {",
        "two: {seeds: {digit: [1]}, ",
        4,
        "field 'graphs.two.seeds.digit': the study has no data 'digit'; did you mean 'digits'?",
    ),
    ("[[0]]", "[0]", 6, "field 'outliers': expected a list of lists of classes, as in [[0], [1,"),
    ("[[0]]", "[[0, true]]", 6, "field 'outliers': expected a list of lists"),
    ("[[0]]", "all", 6, "field 'outliers': expected a list of lists of classes"),
    ("[[0]]", "[[0]]\ninliers: all", 7, "field 'inliers': expected a list of lists of classes"),
    ("[[0]]", "[[0]]\ninliers: each", 7, "field 'inliers': give either `outliers` or `inliers`"),
    ("quick: {", "quick: {inliers: each, ", 9, "field 'quick.inliers': expected a list of lists"),
    ("quick: {", "quick: {evaluate: [metric], ", 9, "field 'quick.evaluate': unknown evaluation"),
    ("quick: {", "quick: {anchors: roc, ", 9, "field 'quick.anchors': expected a list of anchors"),
    (
        "quick: {",
        "quick: {evaluate: [{type: metrics, names: [auk]}], ",
        9,
        "field 'quick.evaluate.names': unknown metric 'auk'",
    ),
    ("[metrics]", "[metrics, judged]", 10, "field 'evaluate': with graph 'one': samples are jud"),
    ("brightness", "vae", 11, "field 'anchors': the anchor 'vae' needs the evaluation 'judged' or"),
    (
        "[metrics]",
        "[metrics, {type: frechet, judge: {device: gpu}}]",
        10,
        "field 'evaluate.judge.device': expected 'auto' or 'cpu' or 'cuda', received 'gpu'",
    ),
    (
        "[metrics]",
        "[metrics, {type: frechet, judge: {epoch: 1}}]",
        10,
        "field 'evaluate.judge.epoch': `judge` has no key 'epoch'; did you mean 'epochs'? (keys",
    ),
    ("[[0]]", "[[10]]", 6, "field 'data.outliers': with graph 'one': data source 'digits' has lab"),
    ("[digits]", "[digit]", 5, "field 'data.digit.source': unknown data source 'digit'; did you m"),
    ("[digits]", "[3]", 5, "field 'data': expected the name of a source, received 3"),
    ("[digits]", "{d: {sorce: digits}}", 5, "field 'data.d.sorce': an entry of `data` has no key"),
    ("name: small", "name: a/b", 1, "field 'name': expected a name that can be part of a folder's"),
    ("name: small", "title: [1]", 1, "field 'title': expected a text, received [1]"),
    ("one: ", "o/e: ", 3, "field 'graphs.o/e': a label is made of letters, digits and"),
    (
        "[metrics]",
        "[metric]",
        10,
        "field 'evaluate': unknown evaluation 'metric'; did you mean 'me",
    ),
    (
        "[metrics]",
        "metrics",
        10,
        "field 'evaluate': expected a list of evaluations, received 'metr",
    ),
    (
        "[metrics]",
        "[metrics, metrics]",
        10,
        "field 'evaluate': the evaluation 'metrics' stands her",
    ),
    ("[metrics]", "[{type: metrics, names: [auk]}]", 10, "field 'evaluate.names': unknown metric"),
    (
        "[metrics]",
        "[{type: combined, weights: {gmm1: 1}, two_sided: [gmm9]}]",
        10,
        "field 'evaluate': two_sided names gmm9, which weights does not name",
    ),
    (
        "[metrics]",
        "[{type: combined, weights: {gmm1: 1, gmm2: -1}, combine: least}]",
        10,
        "field 'evaluate': combine: least takes weights above 0, rec",
    ),
    (
        "[metrics]",
        "[{type: combined, weights: {gmm1: 1, gmm2: 1}, combine: most}]",
        10,
        "field 'evaluate.combine': expected 'mean' or 'least', rec",
    ),
    (
        "[metrics]",
        "[{type: combined, weights: {}}]",
        10,
        "field 'evaluate': weights names no node: give",
    ),
    (
        "[metrics]",
        "[{type: combined, weights: {gmm1: 1, gmm9: 1}}]",
        10,
        "field 'evaluate': with graph 'one': 'gmm9': graph 'f8-1-g9' has no node",
    ),
    (
        "[metrics]",
        "[{type: combined, weights: {gmm1.least: 1}}]",
        10,
        "field 'evaluate': with graph 'one': 'gmm1.least': has 1x1 positions",
    ),
    (
        "[metrics]",
        "[{type: alphabet, node: fold1}]",
        10,
        "field 'evaluate': with graph 'one': 'fold1' is no node with components",
    ),
    ("[metrics]", "[{type: roc, x: 1}]", 10, "field 'evaluate.x': evaluation 'roc' has no key 'x'"),
    ("[metrics]", "[roc]", 11, "field 'anchors': the anchor 'brightness' needs the evaluation"),
    ("[metrics]", "[]", 10, "field 'evaluate': a study needs at least one evaluation"),
    ("brightness", "darkness", 11, "field 'anchors': unknown anchor 'darkness'"),
    (
        "components: 4",
        "components: 0",
        11,
        "field 'anchors.components': expected an integer >= 1, r",
    ),
    ("{digits: [0.95", "{digit: [0.95", 12, "field 'paper.auc.two.digit': the table has no column"),
    (
        "[0.95, 0.01]",
        "[0.95, 1, 2]",
        12,
        "field 'paper.auc.two.digits': expected a list of numbers",
    ),
    (
        "[one]",
        "[won]",
        9,
        "field 'quick.graphs': the study has no graph 'won'; did you mean 'two'?",
    ),
    ("quick: {", "quick: {sedes: 1, ", 9, "field 'quick.sedes': `quick` has no key 'sedes'; did"),
    (
        "gmm1.precision_max: 5",
        "gmm1.precison_max: 5",
        4,
        "with graph 'two': a 'gmm' node has no field 'precison_max'; did you me",
    ),
    ("gmm1.precision_max: 5", "gmm1.precision_max: -5", 4, "node 'gmm1', field 'precision_max': w"),
    ("gmm1.precision_max: 5", "gmm9.precision_max: 5", 4, "with graph 'two': unknown node 'gmm9'"),
    ("data.limit: 300", "data.limit: 0", 8, "field 'data.limit': with graph 'one': expected an in"),
    ('"F(8,1)-G(9)"', "dcgmm_z", 3, "field 'graphs.one.graph': there is no graph file 'dcgmm_z'"),
    (
        "{gmm1.precision_max: 5}}",
        "{}, on: {digit: {}}}",
        4,
        "field 'graphs.two.on.digit': the stud",
    ),
    (
        '"F(8,1)-G(9)"',
        "{graph: {digit: x}}",
        3,
        "field 'graphs.one.graph.digit': the study has no d",
    ),
    ('"F(8,1)-G(9)"', "{graph: {}}", 3, "field 'graphs.one.graph': it names no graph for the"),
    (
        '"F(8,1)-G(9)"',
        "{graph: 3}",
        3,
        "field 'graphs.one.graph': expected a text or a mapping to t",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "line", "start"), WRONG, ids=[f"{i}-{wrong[1]}" for i, wrong in enumerate(WRONG)]
)
def test_one_wrong_thing_is_told_with_its_line(grid, small, old, new, line, start):
    assert old in small
    with pytest.raises(StudyError) as caught:
        grid(small.replace(old, new, 1))
    told = str(caught.value).splitlines()
    assert told[0].startswith(f"study.yaml:{line}: {start}"), told
    assert caught.value.exit_code == 2
    assert caught.value.to_dict()["kind"] == "study"


def test_all_that_is_wrong_is_told_at_once(grid, small):
    text = small.replace("seeds: 0..1", "seeds: x").replace("[metrics]", "[metric]")
    with pytest.raises(StudyError) as caught:
        grid(text.replace("[digits]", "[digit]"))
    assert [problem.line for problem in caught.value.problems] == [5, 7, 10]


def test_anchors_that_look_for_outliers_need_some(grid, small):
    with pytest.raises(StudyError, match=r"study.yaml:11: .*'brightness' needs outliers"):
        grid(small.replace("outliers: [[0]]", "outliers: []"))


@pytest.mark.parametrize("section", ["graphs", "data", "evaluate"])
def test_a_study_has_three_sections(grid, section):
    parts = {"graphs": "{one: 'F(8,1)-G(9)'}", "data": "[digits]", "evaluate": "[metrics]"}
    del parts[section]
    with pytest.raises(StudyError, match=f"field '{section}': a study needs at least one"):
        grid("\n".join(f"{key}: {value}" for key, value in parts.items()))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "a study needs at least `graphs:`, `data:` and `evaluate:`"),
        (b"[1]", "expected a mapping with `graphs:`"),
        (b"\x89HDF\r\n\x1a\n", r"expected a study file \(YAML text\), received an HDF5 file"),
        (b"a: \xff", "is this a study file"),
        (b"a: [", "not valid YAML"),
        (b"graphs: {a: x}\ngraphs: {b: x}", "the key 'graphs' stands here a second time"),
    ],
)
def test_what_is_no_study_file_is_refused(tmp_path, content, sentence):
    path = tmp_path / "study.yaml"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=sentence):
        read_study(path, installed_plugins())


def test_a_study_is_found_by_name_or_by_path(tmp_path):
    assert study_file("outliers_mnist").name == "outliers_mnist.yaml"
    with pytest.raises(RequestError, match="did you mean 'outliers_mnist'"):
        study_file("outlier_mnist")
    with pytest.raises(RequestError, match="cannot read the study file: it does not exist"):
        read_study(study_file(str(tmp_path / "none.yaml")), installed_plugins())
