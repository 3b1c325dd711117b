"""What a graph expands to, read again, is the same graph; and no input breaks the checks."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcgraph.errors import GraphError
from dcgraph.graph.graph import Graph
from dcgraph.graph.load import graph_from_document, graph_from_yaml, load_graph
from dcgraph.graph.reader import parse_document
from dcgraph.graph.shipped import shipped_graphs
from dcgraph.graph.yaml_text import to_yaml
from dcgraph.plugin.manager import Plugin, load_plugins

positive = st.floats(1e-5, 100, allow_subnormal=False)
fraction = st.floats(0, 1)
annealings = st.one_of(
    st.just("off"),
    st.fixed_dictionaries({"type": st.just("exponential")}, optional={"floor": positive}),
    st.fixed_dictionaries(
        {"type": st.just("stationarity")}, optional={"period": st.integers(2, 99)}
    ),
)
optimizers = st.one_of(
    st.sampled_from(["em", "sgd"]),
    st.fixed_dictionaries({"type": st.just("em")}, optional={"t0": st.floats(1, 100)}),
    st.fixed_dictionaries(
        {"type": st.just("sgd")},
        optional={"factors": st.dictionaries(st.sampled_from(["means", "x"]), positive)},
    ),
)


@st.composite
def gmms(draw: st.DrawFn) -> dict[str, Any]:
    node: dict[str, Any] = {"type": "gmm", "components": draw(st.integers(1, 6)) ** 2}
    for key, values in {
        "delay": fraction,
        "share": st.booleans(),
        "precision_max": positive,
        "trainable": st.booleans(),
        "optimizer": optimizers,
        "annealing": annealings,
        "loss": st.sampled_from(["max_component", "log_likelihood"]),
    }.items():
        if draw(st.booleans()):
            node[key] = draw(values)
    return node


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Sound graphs: a trunk of foldings, poolings and mixtures, branches joined at the top."""
    h, w, c = draw(st.integers(4, 12)), draw(st.integers(4, 12)), draw(st.integers(1, 3))
    nodes: dict[str, Any] = {"image": {"type": "input", "shape": [h, w, c]}}
    forward, merged = [["image"]], {"image": 1}
    for i in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["folding", "pooling", "gmm"]))
        name = f"{kind}{i}"
        if kind == "gmm":
            nodes[name] = draw(gmms())
        else:
            f = draw(st.integers(1, h)), draw(st.integers(1, w))
            s = draw(st.integers(1, f[0])), draw(st.integers(1, f[1]))
            nodes[name] = {"type": kind, "kernel": list(f), "stride": list(s)}
            h, w = 1 + (h - f[0]) // s[0], 1 + (w - f[1]) // s[1]
        forward[0].append(name)
        merged[name] = 0
    branches = draw(st.lists(st.sampled_from(forward[0]), unique=True, max_size=3))
    if branches:
        nodes["joined"] = {"type": "concat"}
        nodes["top"] = draw(st.one_of(gmms(), st.just({"type": "classifier", "classes": 4})))
        forward += [[name, "joined"] for name in branches]
        forward.append(["joined", "top"])
        for name in branches:
            if name != forward[0][-1]:
                nodes[name] = {**nodes[name], "merge": "mean"}
    document: dict[str, Any] = {
        "nodes": nodes,
        "forward": [" -> ".join(chain) for chain in forward],
        "train": {"epochs": draw(positive), "optimizer": draw(optimizers)},
    }
    if draw(st.booleans()):
        document["train"]["annealing"] = draw(annealings)
    if draw(st.booleans()):
        document["name"] = draw(st.text("ab é-_1", min_size=1).filter(lambda t: t[0] in "abé_1"))
    if draw(st.booleans()):
        document["data"] = {
            "source": "digits",
            "fit": "resize",
            "outliers": draw(st.lists(st.integers(4, 9), unique=True)),
            "classes": [0, 1],
            "validation": draw(st.floats(0, 0.9)),
        }
        nodes["image"]["shape"][2] = 1
    return document


def same(one: Graph, other: Graph) -> bool:
    edges = [list(graph.edges.edges(keys=True, data=True)) for graph in (one, other)]
    return one == other and edges[0] == edges[1] and one.document == other.document


@given(documents())
def test_an_expanded_document_is_the_same_graph(document: dict[str, Any]) -> None:
    before = deepcopy(document)
    graph = load_graph(document)
    assert document == before
    assert same(graph, graph_from_document(graph.document))
    text = to_yaml(graph)
    assert parse_document(text).data == graph.document
    assert same(graph, graph_from_yaml(text))


@pytest.mark.parametrize("name", shipped_graphs())
def test_a_shipped_graph_is_the_same_after_a_round_trip(name: str) -> None:
    graph = load_graph(name)
    assert same(graph, graph_from_yaml(to_yaml(graph)))


def test_the_text_is_for_people() -> None:
    text = to_yaml(load_graph("dcgmm_e"))
    assert "  image: {type: input, shape: [28, 28, 1]}\n" in text
    assert "  - image -> fold1 -> gmm1 -> fold2 -> gmm2 -> fold3 -> gmm3\n" in text
    assert "limit: null\n" in text
    assert max(map(len, text.splitlines())) <= 100


def test_texts_that_look_like_other_values_come_back_as_texts() -> None:
    names = ["off", "null", "true", "1:30", "- a", "x: y"]
    plugins = load_plugins([Plugin(name, name, None, "a test", object()) for name in names])
    graph = load_graph(
        {
            "name": "1e3",
            "plugins": names,
            "nodes": {
                "image": {"type": "input", "shape": [4, 4, 1]},
                "null": {"type": "gmm", "components": 4, "annealing": {"type": "off"}},
                "y": {"type": "gmm", "components": 4},
            },
            "forward": ["image -> null -> y"],
        },
        plugins=plugins,
    )
    assert same(graph, graph_from_yaml(to_yaml(graph), plugins=plugins))


# Any value anywhere is accepted or refused, and nothing else.

SOUND = load_graph("F(3,1)-G(25)-P(2,2)-F(3,1)-G(16)-C(10)").document
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-2, 12),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["gmm", "off", "fold1 -> gmm1", "a -> b", "gmm1", "em", "mnist", 10**30, -1, ""]
    ),
    st.lists(st.integers(-1, 9), max_size=4),
    st.dictionaries(st.text(max_size=4), st.integers()),
)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, item in inside:
        found.append((*place, key))
        if isinstance(item, dict | list):
            found += places(item, (*place, key))
    return found


PLACES = places(SOUND)


@given(st.data())
def test_any_value_anywhere_is_accepted_or_refused(data: st.DataObject) -> None:
    document: Any = deepcopy(dict(SOUND))
    for _ in range(data.draw(st.integers(1, 3))):
        *around, last = data.draw(st.sampled_from(PLACES))
        target: Any = document
        try:
            for key in around:
                target = target[key]
            if data.draw(st.booleans()):
                target[last] = data.draw(odd)
            elif isinstance(target, dict) and data.draw(st.booleans()):
                target[data.draw(st.text("abcmg1_ ->.", max_size=6))] = data.draw(odd)
            else:
                del target[last]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken the place away
    try:
        graph = load_graph(document)
    except GraphError as error:
        assert all(problem.message for problem in error.problems)
    else:
        assert same(graph, graph_from_document(graph.document))


TEXT = to_yaml(load_graph("quickstart"))


@given(st.data())
def test_any_text_is_accepted_or_refused(data: st.DataObject) -> None:
    text = TEXT
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        stop = data.draw(st.integers(start, min(len(text), start + 12)))
        text = (
            text[:start]
            + data.draw(st.text("{}[]:,-> \n\t#&*!|>'\"%@`a1.?", max_size=6))
            + text[stop:]
        )
    try:
        graph_from_yaml(text)
    except GraphError as error:
        assert error.problems
