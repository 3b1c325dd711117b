from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dcgraph.errors import GraphError
from dcgraph.graph.graph import Graph
from dcgraph.graph.load import load_graph

DOCUMENT: dict[str, Any] = {
    "data": {"source": "digits", "outliers": [0]},
    "nodes": {
        "image": {"type": "input", "shape": [8, 8, 1]},
        "fold1": {"type": "folding", "kernel": 3},
        "gmm1": {"type": "gmm", "components": 25},
        "classifier": {"type": "classifier", "classes": 10},
    },
    "forward": ["image -> fold1 -> gmm1 -> classifier"],
    "train": {"optimizer": {"type": "em", "t0": 7}},
}


def changed(*overrides: str) -> dict[str, Any]:
    return dict(load_graph(DOCUMENT, overrides=overrides).document)


def refused(*overrides: str) -> GraphError:
    with pytest.raises(GraphError) as caught:
        load_graph(DOCUMENT, overrides=overrides)
    return caught.value


@pytest.mark.parametrize(
    ("override", "section", "key", "value"),
    [
        ("gmm1.components=49", ("nodes", "gmm1"), "components", 49),
        ("gmm1.share=false", ("nodes", "gmm1"), "share", False),
        ("fold1.kernel=[3, 2]", ("nodes", "fold1"), "kernel", [3, 2]),
        (" gmm1 . delay = 0.5", ("nodes", "gmm1"), "delay", 0.5),
        ("gmm1.optimizer=sgd", ("nodes", "gmm1", "optimizer"), "type", "sgd"),
        ("gmm1.annealing=off", ("nodes", "gmm1", "annealing"), "type", "off"),
        (
            "gmm1.annealing={type: exponential, floor: 0.5}",
            ("nodes", "gmm1", "annealing"),
            "floor",
            0.5,
        ),
        ("train.epochs=2.5", ("train",), "epochs", 2.5),
        ("train.dtype=float64", ("train",), "dtype", "float64"),
        ("train.optimizer.rho_min=0.1", ("train", "optimizer"), "rho_min", 0.1),
        ("data.limit=100", ("data",), "limit", 100),
        ("data.outliers=[1, 2]", ("data",), "outliers", [1, 2]),
        ("data.classes=null", ("data",), "classes", None),
        ("sampling.gmm1.top=1", ("sampling", "gmm1"), "top", 1),
        ("gmm1.top=2", ("sampling", "gmm1"), "top", 2),
        ("fold1.sharpen=5", ("sampling", "fold1"), "sharpen", 5),
        ("classifier.confidence=0.9", ("sampling", "classifier"), "confidence", 0.9),
    ],
)
def test_puts_a_value_in_its_place(
    override: str, section: tuple[str, ...], key: str, value: object
) -> None:
    found: Any = changed(override)
    for part in section:
        found = found[part]
    assert found[key] == value
    assert type(found[key]) is type(value)


def test_a_part_of_an_inherited_optimizer_can_be_set() -> None:
    document = changed("gmm1.optimizer.rho_min=0.5")
    assert document["nodes"]["gmm1"]["optimizer"] == {
        "type": "em",
        "rho_min": 0.5,
        "t0": 7,
        "power": 0.6,
    }
    assert document["train"]["optimizer"]["rho_min"] == 0.02
    assert changed("classifier.optimizer.rate=0.2")["nodes"]["classifier"]["optimizer"] == {
        "type": "sgd",
        "rate": 0.2,
        "rate_floor": 0.05,
        "factors": {},
        "weight_decay": 0.0,
    }


def test_a_part_of_an_inherited_annealing_can_be_set() -> None:
    nodes = changed("gmm1.annealing.floor=0.5")["nodes"]
    assert nodes["gmm1"]["annealing"]["floor"] == 0.5
    assert nodes["gmm1"]["annealing"]["type"] == "exponential"
    nodes = changed("gmm1.annealing.floor=0.5", "train.optimizer=sgd")["nodes"]
    assert nodes["gmm1"]["annealing"]["type"] == "exponential"  # overrides apply in order
    nodes = changed("train.optimizer=sgd", "gmm1.annealing.floor=0.5")["nodes"]
    assert nodes["gmm1"]["annealing"]["type"] == "stationarity"
    assert changed("train.annealing.floor=0.5")["train"]["annealing"]["type"] == "exponential"


def test_the_last_override_holds() -> None:
    assert changed("gmm1.components=4", "gmm1.components=9")["nodes"]["gmm1"]["components"] == 9


def test_sections_are_made_where_there_are_none() -> None:
    bare = {key: DOCUMENT[key] for key in ("nodes", "forward")}
    graph = load_graph(bare, overrides=["data.source=digits", "train.epochs=3", "gmm1.top=1"])
    assert graph.data is not None
    assert graph.train.epochs == 3
    short = load_graph({**DOCUMENT, "data": "digits"}, overrides=["data.limit=9"])
    assert short.document["data"]["limit"] == 9


def test_a_graph_can_be_changed_and_stays_as_it_was() -> None:
    graph = load_graph(DOCUMENT)
    other = load_graph(graph, overrides=["gmm1.components=4"])
    assert (graph["gmm1"].shape[2], other["gmm1"].shape[2]) == (25, 4)
    assert load_graph(graph) is graph
    assert isinstance(load_graph(graph.document), Graph)
    assert DOCUMENT["nodes"]["gmm1"] == {"type": "gmm", "components": 25}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("gmm1.components=50", "square"),
        ("gmm1.components='25'", "expected an integer >= 1, received '25'"),
        ("gmm1.share=yes", "expected true or false, received 'yes'"),
        ("gmm1.componets=4", "no field 'componets'; did you mean 'components'"),
        ("gmm1.tops=4", "no field 'tops'; did you mean 'top'"),
        ("gm1.components=4", "unknown node 'gm1'; did you mean 'gmm1'"),
        ("tran.epochs=4", "unknown node 'tran'; did you mean 'train'"),
        ("fold1.kernel=9", "kernel 9x9 is larger"),
        ("fold1.delay=0.1", "no field 'delay'"),
        ("train.epoch=1", "no key 'epoch'; did you mean 'epochs'"),
        ("train.optimizer.rho=1", "no key 'rho'; did you mean 'rho_min'"),
        ("train.optimizer=adam", "unknown optimizer 'adam'"),
        ("train.epochs.x=1", "no fields|expected a number"),
        ("data.sources=mnist", "no key 'sources'; did you mean 'source'"),
        ("data.outliers=[10]", "labels 0 to 9, received 10"),
        ("sampling.gmm1.topp=1", "no key 'topp'; did you mean 'top'"),
        ("sampling.gm1.top=1", "unknown node 'gm1'; did you mean 'gmm1'"),
        ("gmm1.top=-1", "expected an integer >= 0, received -1"),
        ("gmm1.selection=25", "indices run from 0 to 24"),
        ("gmm1.components=1000000000000", "this machine has"),
        ("gmm1.components", "expected node.field=value"),
        ("gmm1=4", "expected node.field=value"),
        ("=4", "expected node.field=value"),
        ("sampling.gmm1=4", "expected node.field=value"),
        ("gmm1..components=4", "expected node.field=value"),
        ("gmm1.components=[4", "not valid YAML"),
        ("gmm1.components=!!python/name:os.system x", "tags are not accepted"),
    ],
)
def test_a_wrong_override_is_named_with_its_own_words(override: str, message: str) -> None:
    error = refused(override)
    assert len(error.problems) == 1
    assert error.problem.file == f"--set {override}"
    assert error.problem.line is None
    assert re.search(message, error.problem.message)


def test_what_the_file_says_keeps_its_place(tmp_path: Path) -> None:
    file = tmp_path / "graph.yaml"
    file.write_text(
        "nodes:\n"
        "  image: {type: input, shape: [8, 8, 1]}\n"
        "  gmm1: {type: gmm, components: 24}\n"
        "forward: [image -> gmm1]\n"
    )
    with pytest.raises(GraphError) as caught:
        load_graph(file, overrides=["train.epochs=-1"])
    override, own = caught.value.problems
    assert (override.file, override.line) == ("--set train.epochs=-1", None)
    assert (own.file, own.line, own.node) == (str(file), 3, "gmm1")


def test_problems_of_overrides_and_of_the_file_are_told_together() -> None:
    error = refused("gmm1.components=24", "fold1.kernel=9", "gmm2.components=3")
    assert len(error.problems) == 3


def test_another_source_drops_the_settings_of_the_old_one(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "name: own\n"
        "data: {source: npz, train: mine.npz, outliers: [0]}\n"
        "nodes:\n"
        "  image: {type: input, shape: [8, 8, 1]}\n"
        "  fold1: {type: folding, kernel: 8}\n"
        "  gmm1: {type: gmm, components: 9}\n"
        "forward: [image -> fold1 -> gmm1]\n"
    )
    graph = load_graph(path, overrides=["data.source=digits"])
    assert graph.data.source.type == "digits"
    assert graph.data.outliers == (0,)
