import io
from xml.etree import ElementTree

import pytest

from dcgraph.graph.load import load_graph
from dcgraph.pictures.graph import dot, graph_figure, label, places

BRANCHES = """
name: branches
nodes:
  image: {type: input, shape: [8, 8, 1]}
  fold1: {type: folding, kernel: 3, merge: mean}
  gmm1: {type: gmm, components: 9}
  gmm2: {type: gmm, components: 4}
  both: {type: concat, mode: channels}
  fold2: {type: folding, kernel: 6}
  gmm3: {type: gmm, components: 9}
forward:
  - image -> fold1 -> gmm1 -> both -> fold2 -> gmm3
  - fold1 -> gmm2 -> both
"""


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "branches.yaml"
    path.write_text(BRANCHES)
    return load_graph(path)


def test_a_node_stands_above_all_that_it_takes_and_no_two_share_a_place(graph):
    found = places(graph)
    assert set(found) == set(graph.nodes)
    assert len(set(found.values())) == len(found)
    for name, node in graph.nodes.items():
        assert all(found[below][1] < found[name][1] for below in node.inputs)
    assert found["gmm1"][1] == found["gmm2"][1]
    assert sum(x for x, _ in found.values()) == 0


def test_every_edge_and_every_label_is_drawn(graph):
    buffer = io.StringIO()
    graph_figure(graph).savefig(buffer, format="svg")
    root = ElementTree.fromstring(buffer.getvalue())
    ids = [each.get("id") for each in root.iter()]
    for u, v, kind in graph.edges.edges(keys=True):
        assert ids.count(f"{kind}:{u}:{v}") == 1
    texts = [text.get_text() for text in graph_figure(graph).axes[0].texts]
    assert texts == [label(graph, name) for name in graph.nodes]
    assert label(graph, "both") == "both: concat\n6 x 6 x 13"


@pytest.mark.parametrize("name", ["gmm1", "what_each_patch_of_the_image_looks_like"])
def test_boxes_stay_inside_the_drawing_and_apart(name, tmp_path):
    (tmp_path / "named.yaml").write_text(BRANCHES.replace("gmm1", name))
    graph = load_graph(tmp_path / "named.yaml")
    figure = graph_figure(graph)
    figure.savefig(io.BytesIO(), format="png", dpi=figure.dpi)
    boxes = [text.get_bbox_patch().get_window_extent() for text in figure.axes[0].texts]
    frame = figure.bbox
    for i, box in enumerate(boxes):
        assert frame.x0 <= box.x0
        assert box.x1 <= frame.x1
        assert frame.y0 <= box.y0
        assert box.y1 <= frame.y1
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_graphviz_is_told_every_edge_of_both_kinds(graph):
    lines = dot(graph).splitlines()
    for u, v, kind in graph.edges.edges(keys=True):
        style = "" if kind == "forward" else " [style=dashed, constraint=false, color=firebrick]"
        assert f"  {u} -> {v}{style};" in lines
