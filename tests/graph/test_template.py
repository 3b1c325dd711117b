"""Graph files to begin with: sound for any size, and they say what they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcgraph.errors import RequestError
from dcgraph.graph.load import graph_from_yaml, load_graph
from dcgraph.graph.shipped import shipped_graphs
from dcgraph.graph.stack import greatest_depth, windows
from dcgraph.graph.template import Template

SHAPES = st.tuples(st.integers(2, 150), st.integers(1, 150), st.integers(1, 4))


@given(SHAPES, st.data())
def test_the_file_is_sound_for_any_size(shape, data):
    depth = data.draw(st.integers(1, greatest_depth(shape)))
    sides = data.draw(st.lists(st.integers(1, 8), min_size=depth, max_size=depth))
    template = Template("mine", shape, depth, [side**2 for side in sides])
    graph = graph_from_yaml(template.text("mine.yaml"))
    assert graph.warnings == ()  # no position is left out
    assert graph["image"].shape == shape
    assert graph.topmost() == f"gmm{depth}"
    assert graph[f"gmm{depth}"].shape == (1, 1, sides[-1] ** 2)


@given(SHAPES)
def test_every_layer_but_the_last_leaves_something_to_the_next(shape):
    depth = greatest_depth(shape)
    *below, top = windows(shape, depth)
    assert all(max(layer.positions) > 1 for layer in below)
    assert top.positions == (1, 1)
    with pytest.raises(RequestError, match=f"room for at most {depth} layers, received"):
        windows(shape, depth + 1)


def test_three_layers_on_mnist_are_graph_e_of_the_paper():
    template = Template("mine", (28, 28, 1), 3)
    assert template.notation == "F(3,1)-G(25)-F(4,2)-G(25)-F(12,1)-G(49)"
    made = graph_from_yaml(template.text("mine.yaml"))
    theirs = load_graph(shipped_graphs()["dcgmm_e"])
    assert [node.shape for node in made.nodes.values()] == [
        node.shape for node in theirs.nodes.values()
    ]


@pytest.mark.parametrize("shape", [(31, 20, 3), (200, 90, 1)])
def test_the_notation_is_that_of_the_file(shape):
    template = Template("mine", shape, 3)
    made = graph_from_yaml(template.text("mine.yaml"))
    same = load_graph(template.notation, shape=shape)
    assert [node.layer for name, node in made.nodes.items() if "fold" in name] == [
        node.layer for name, node in same.nodes.items() if "fold" in name
    ]
    assert [node.shape for node in made.nodes.values()] == [
        node.shape for node in same.nodes.values()
    ]


@pytest.mark.parametrize(
    "name", ["mine", "1", "true", "1e3", "größe 2", "a.b", "null", "2024-01-01", "x-y+z"]
)
def test_any_name_is_text(name):
    template = Template(name, (8, 8, 1), 1, data={"source": "npz", "train": f"{name}.npz"})
    graph = graph_from_yaml(template.text("file.yaml"))
    assert graph.name == name
    assert graph.data.source.train == f"{name}.npz"


def test_the_number_of_components_is_one_for_all_or_one_for_each():
    assert Template("mine", (9, 9, 1), 3, [16]).numbers == (16, 16, 16)
    with pytest.raises(RequestError, match=r"one number of components or 3, .* received 2"):
        Template("mine", (9, 9, 1), 3, [16, 25])
