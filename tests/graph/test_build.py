from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from dcgraph.annealing import Exponential, Off, Stationarity
from dcgraph.errors import GraphError, PluginError
from dcgraph.graph.graph import CONTROL, FORWARD, Graph
from dcgraph.graph.load import load_graph
from dcgraph.layers.gmm.sampling import MixtureSampling
from dcgraph.merges import Mean
from dcgraph.optimizers import GradientAscent, StepwiseEM
from dcgraph.plugin.manager import Plugin, load_plugins

NODES: dict[str, Any] = {
    "image": {"type": "input", "shape": [8, 8, 1]},
    "fold1": {"type": "folding", "kernel": 3},
    "gmm1": {"type": "gmm", "components": 25},
    "fold2": {"type": "folding", "kernel": 6},
    "gmm2": {"type": "gmm", "components": 16},
}
TRUNK = "image -> fold1 -> gmm1 -> fold2 -> gmm2"
DOWN = "gmm2 -> fold2 -> gmm1 -> fold1 -> image"


def document(**sections: Any) -> dict[str, Any]:
    return {"nodes": deepcopy(NODES), "forward": [TRUNK], **sections}


def with_nodes(*forward: str, **nodes: Any) -> dict[str, Any]:
    made = document(forward=[TRUNK, *forward])
    made["nodes"].update(nodes)
    return made


def control(graph: Graph) -> set[tuple[str, str]]:
    return {(u, v) for u, v, kind in graph.edges.edges(keys=True) if kind == CONTROL}


def test_nodes_stand_in_topological_order_with_their_shapes() -> None:
    shuffled = document(forward=["gmm1 -> fold2 -> gmm2", "image -> fold1 -> gmm1"])
    shuffled["nodes"] = dict(reversed(shuffled["nodes"].items()))
    graph = load_graph(shuffled)
    assert list(graph.nodes) == ["image", "fold1", "gmm1", "fold2", "gmm2"]
    assert [node.shape for node in graph.nodes.values()] == [
        (8, 8, 1),
        (6, 6, 9),
        (6, 6, 25),
        (1, 1, 900),
        (1, 1, 16),
    ]
    assert graph["fold2"].inputs == ("gmm1",)
    assert graph["fold2"].input_shapes == ((6, 6, 25),)


def test_inputs_keep_the_order_of_the_edge_list() -> None:
    joined = {"joined": {"type": "concat"}, "gmm3": {"type": "gmm", "components": 4}}
    edges = ["fold1 -> joined", "image -> joined", "gmm2 -> joined -> gmm3"]
    graph = load_graph({**with_nodes(*edges, **joined), "control": [DOWN]})
    assert graph["joined"].inputs == ("fold1", "image", "gmm2")
    assert graph["joined"].shape == (1, 1, 6 * 6 * 9 + 64 + 16)
    positions = {
        u: data["position"]
        for u, _, kind, data in graph.edges.in_edges("joined", keys=True, data=True)
        if kind == FORWARD
    }
    assert positions == {"fold1": 0, "image": 1, "gmm2": 2}


# control


def test_control_is_the_reverse_of_forward_where_that_is_unambiguous() -> None:
    graph = load_graph(document())
    assert graph.document["control"] == [DOWN]
    assert control(graph) == {
        ("gmm2", "fold2"),
        ("fold2", "gmm1"),
        ("gmm1", "fold1"),
        ("fold1", "image"),
    }


def test_control_can_be_left_out_altogether() -> None:
    graph = load_graph(document(control=[]))
    assert control(graph) == set()
    assert load_graph(graph.document).document == graph.document


CLASSIFIED: dict[str, Any] = {
    "joined": {"type": "concat"},
    "classifier": {"type": "classifier", "classes": 10},
}


def test_a_classifier_on_two_mixtures_asks_how_control_runs_and_says_what_to_write() -> None:
    edges = ["gmm1 -> joined -> classifier", "gmm2 -> joined"]
    with pytest.raises(GraphError, match="ambiguous") as caught:
        load_graph(with_nodes(*edges, **CLASSIFIED))
    (problem,) = caught.value.problems
    assert problem.node == "gmm1"
    written = problem.message.split("control: [")[1].rstrip("]").split(", ")
    graph = load_graph({**with_nodes(*edges, **CLASSIFIED), "control": written})
    assert control(graph) == {
        ("classifier", "joined"),
        ("joined", "gmm2"),
        ("gmm2", "fold2"),
        ("fold2", "gmm1"),
        ("gmm1", "fold1"),
        ("fold1", "image"),
    }
    assert graph["gmm1"].merge is None


def test_a_merge_settles_it_too() -> None:
    edges = ["gmm1 -> joined -> classifier", "gmm2 -> joined"]
    made = with_nodes(*edges, **CLASSIFIED)
    made["nodes"]["gmm1"]["merge"] = "mean"
    graph = load_graph(made)
    assert set(graph.control_sources("gmm1")) == {"joined", "fold2"}
    assert isinstance(graph["gmm1"].merge, Mean)
    assert graph["gmm2"].merge is None
    again = load_graph(graph.document)
    assert again == graph
    assert list(again.edges.edges(keys=True)) == list(graph.edges.edges(keys=True))


def test_a_merge_where_nothing_meets_is_a_warning() -> None:
    made = document()
    made["nodes"]["gmm1"]["merge"] = {"type": "mean"}
    graph = load_graph(made)
    assert [warning.node for warning in graph.warnings] == ["gmm1"]
    assert graph["gmm1"].merge is None
    assert load_graph(graph.document) == graph


# optimizers and annealing


def test_the_graph_s_optimizer_trains_what_it_can_and_defaults_the_rest() -> None:
    graph = load_graph(with_nodes("gmm2 -> classifier", classifier=CLASSIFIED["classifier"]))
    assert isinstance(graph["gmm1"].optimizer, StepwiseEM)
    assert isinstance(graph["gmm1"].annealing, Exponential)
    optimizer = graph["classifier"].optimizer
    assert isinstance(optimizer, GradientAscent)
    assert optimizer.rate == 0.05
    assert isinstance(graph["classifier"].annealing, Off)
    assert graph["fold1"].optimizer is None
    assert graph["fold1"].annealing is None


def test_a_node_overrides_optimizer_and_annealing() -> None:
    made = document(train={"optimizer": "sgd", "annealing": {"type": "exponential", "floor": 0.5}})
    made["nodes"]["gmm1"]["optimizer"] = {"type": "em", "rho_min": 0.5}
    made["nodes"]["gmm2"]["annealing"] = "off"
    graph = load_graph(made)
    assert graph["gmm1"].optimizer == StepwiseEM(rho_min=0.5)
    assert graph["gmm1"].annealing == Exponential(floor=0.5)
    assert isinstance(graph["gmm2"].optimizer, GradientAscent)
    assert isinstance(graph["gmm2"].annealing, Off)


def test_annealing_follows_the_optimizer_that_a_node_has() -> None:
    made = document()
    made["nodes"]["gmm1"]["optimizer"] = "sgd"
    graph = load_graph(made)
    assert isinstance(graph["gmm1"].annealing, Stationarity)
    assert isinstance(graph["gmm2"].annealing, Exponential)


def test_any_number_of_components_will_do_without_annealing() -> None:
    made = document(train={"annealing": "off"})
    made["nodes"]["gmm1"]["components"] = 7
    assert load_graph(made)["gmm1"].shape == (6, 6, 7)


def test_a_node_that_is_not_trainable_has_no_optimizer() -> None:
    made = document()
    made["nodes"]["gmm1"] |= {"trainable": False, "optimizer": "em", "components": 7}
    graph = load_graph(made)
    assert graph["gmm1"].optimizer is None
    assert graph.trainable == ("gmm2",)
    assert load_graph(graph.document) == graph


# sampling, data


def test_sampling_settings_reach_their_layers() -> None:
    graph = load_graph(
        document(sampling={"gmm1": {"top": 1, "divisor": 5}, "fold2": {"target": "gmm2"}})
    )
    assert graph["gmm1"].layer.sampling == MixtureSampling(top=1, divisor=5.0)
    assert graph["gmm2"].layer.sampling == MixtureSampling()
    assert graph["fold2"].layer.sampling.target == "gmm2"  # type: ignore[attr-defined]


@pytest.mark.parametrize("fit", ["resize", "pad"])
def test_images_of_another_size_need_to_be_fitted(fit: str) -> None:
    made = document(data={"source": "digits", "fit": fit})
    made["nodes"]["image"]["shape"] = [10, 12, 1]
    made["nodes"]["fold2"]["kernel"] = [8, 10]
    graph = load_graph(made)
    assert graph.data is not None
    assert graph.data.fit == fit
    del made["data"]["fit"]
    with pytest.raises(GraphError, match="fit: resize or fit: pad"):
        load_graph(made)


def test_data_may_be_a_bare_name_or_missing() -> None:
    graph = load_graph(document(data="digits"))
    assert graph.data is not None
    assert (graph.data.source.type, graph.data.classes) == ("digits", None)
    assert load_graph(document()).data is None


def test_a_plugin_that_nobody_has_loaded_is_not_loaded_for_the_graph() -> None:
    with pytest.raises(PluginError, match=r"'mine'.* `-p path/to/mine\.py"):
        load_graph(document(plugins=["mine"]))
    with pytest.raises(PluginError, match=r"'some/mine\.py'.* `-p \S*some/mine\.py`"):
        load_graph(document(plugins=["some/mine.py"]))


def test_the_plugins_a_graph_needs_are_kept() -> None:
    plugins = load_plugins([Plugin("mine", "/some/mine.py", None, "/some/mine.py", object())])
    for entry in ("mine", "mine.py", "some/mine.py"):
        graph = load_graph(document(plugins=[entry]), plugins=plugins)
        assert graph.document["plugins"] == [entry]


def test_warns_of_positions_no_patch_covers() -> None:
    made = document()
    made["nodes"]["fold1"] |= {"kernel": 3, "stride": 4}
    made["nodes"]["fold2"]["kernel"] = 2
    graph = load_graph(made)
    assert [warning.node for warning in graph.warnings] == ["fold1"]


def test_one_report_holds_everything_and_a_bounded_part_is_shown() -> None:
    made = document()
    made["nodes"] |= {f"extra{i}": {"type": "gm", "components": 3} for i in range(40)}
    with pytest.raises(GraphError) as caught:
        load_graph(made)
    assert len(caught.value.problems) > 40
    assert str(caught.value).count("\n") == GraphError.shown
    assert "more" in str(caught.value).splitlines()[-1]
