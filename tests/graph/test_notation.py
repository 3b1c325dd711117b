from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcgraph.errors import GraphError
from dcgraph.graph.load import load_graph
from dcgraph.graph.notation import is_notation, notation_document


def test_says_what_a_file_would() -> None:
    document = notation_document("F(8x7, 1x2) - G(49) - P(2,2,ceil) - F(3)-G(25)-C(10)")
    assert document.data["nodes"] == {
        "image": {"type": "input"},
        "fold1": {"type": "folding", "kernel": [8, 7], "stride": [1, 2]},
        "gmm1": {"type": "gmm", "components": 49},
        "pool1": {"type": "pooling", "kernel": 2, "stride": 2, "ceil": True},
        "fold2": {"type": "folding", "kernel": 3},
        "gmm2": {"type": "gmm", "components": 25, "delay": 0.1},
        "classifier": {"type": "classifier", "classes": 10},
    }
    chain = "image -> fold1 -> gmm1 -> pool1 -> fold2 -> gmm2 -> classifier"
    assert document.data["forward"] == [chain]
    assert document.data["data"] == {"source": "digits"}


def test_strides_default_to_1_in_folding_and_to_the_kernel_in_pooling() -> None:
    graph = load_graph("F(3)-P(2)-G(25)")
    assert graph["fold1"].layer.stride == (1, 1)  # type: ignore[attr-defined]
    assert graph["pool1"].shape == (3, 3, 9)
    assert load_graph("P(3x2,ceil)-G(25)")["pool1"].shape == (3, 4, 1)


def test_the_source_gives_the_shape_of_the_input() -> None:
    assert load_graph("F(3,1)-G(25)")["image"].shape == (8, 8, 1)
    chosen = load_graph("F(28,1)-G(49)", overrides=["data.source=mnist"])
    assert chosen["image"].shape == (28, 28, 1)
    assert chosen.data is not None
    assert chosen.data.source.type == "mnist"
    own = load_graph("F(28,1)-G(49)", overrides=["image.shape=[28, 29, 1]", "data.fit=resize"])
    assert own["image"].shape == (28, 29, 1)


def test_the_caller_gives_the_shape_of_images_it_holds() -> None:
    graph = load_graph("F(3,1)-G(25)", shape=(5, 7, 3))
    assert graph["image"].shape == (5, 7, 3)
    assert graph.data is None


def test_a_source_without_a_shape_asks_for_one() -> None:
    overrides = ["data.source=npz", "data.train=images.npz"]
    with pytest.raises(GraphError, match=r"--set image\.shape=") as caught:
        load_graph("F(3,1)-G(25)", overrides=overrides)
    assert (caught.value.problem.node, caught.value.problem.field) == ("image", "shape")
    graph = load_graph("F(3,1)-G(25)", overrides=[*overrides, "image.shape=[9, 9, 1]"])
    assert graph["gmm1"].shape == (7, 7, 25)


def test_delays_rise_by_a_tenth_for_each_mixture_below() -> None:
    graph = load_graph("-".join(["F(1)-G(4)"] * 12))
    delays: list[Any] = [graph[name].layer.delay for name in graph.density_nodes]  # type: ignore[attr-defined]
    assert delays == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9]


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("F(3,1)-H(25)", r"'H\(25\)' at position 2"),
        ("f(3,1)-G(25)", r"'f\(3,1\)' at position 1"),
        ("F(3,1)-G(25", r"'G\(25' at position 2"),
        ("F(3,1)--G(25)", "'' at position 2"),
        ("F(3,1)-G(25)-", "'' at position 3"),
        ("F(3,1) G(25)", "at position 1"),
        ("F()-G(25)", r"F\(f,s\).*'F\(\)' at position 1"),
        ("F(3,1,1)-G(25)", "at position 1"),
        ("F(3.5)-G(25)", "at position 1"),
        ("F(-3)-G(25)", "at position 1"),
        ("F(3x3x3)-G(25)", "at position 1"),
        ("F(3,1,ceil)-G(25)", "at position 1"),
        ("P(2,ceil,2)-G(25)", r"P\(f,s,ceil\).*at position 1"),
        ("G(5x5)", "at position 1"),
        ("G(25,1)", "at position 1"),
        ("C(10)-G(25)", r"only stand last.*'C\(10\)' at position 1"),
        ("-".join(["F(1)"] * 500), "at most 200 layers"),
    ],
)
def test_points_at_what_it_cannot_read(text: str, token: str) -> None:
    assert is_notation(text)
    with pytest.raises(GraphError, match=token):
        load_graph(text)


def test_names_the_node_where_a_sound_text_makes_no_sound_graph() -> None:
    with pytest.raises(GraphError) as caught:
        load_graph("F(9,1)-G(24)")
    problems = caught.value.problems
    assert [problem.node for problem in problems] == ["gmm1", "fold1"]
    assert {problem.file for problem in problems} == {"F(9,1)-G(24)"}


@pytest.mark.parametrize("text", ["dcgmm_e", "graphs/dcgmm_e.yaml", "F.yaml", "", "(3)", "a-b"])
def test_paths_and_names_are_no_notation(text: str) -> None:
    assert not is_notation(text)


@given(st.text(alphabet="FPGC(),x-123 ceil", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        notation_document(text)
    except GraphError as error:
        assert len(error.problems) == 1
