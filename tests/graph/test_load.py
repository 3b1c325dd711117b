from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from dcgraph.errors import GraphError, RequestError
from dcgraph.graph.load import graph_from_document, load_graph
from dcgraph.graph.shipped import shipped_folder, shipped_graphs

TINY = """
nodes: {i: {type: input, shape: [2, 2, 1]}, g: {type: gmm, components: 4}}
forward: [i -> g]
"""
PAPER = {
    "a": "F(28,1)-G(49)",
    "b": "F(8,2)-G(49)-F(11,1)-G(49)",
    "c": "F(8,1)-G(49)-P(2,2)-F(10,1)-G(49)",
    "d": "F(3,1)-G(25)-P(2,2)-F(4,1)-G(25)-P(2,2)-F(5,1)-G(49)",
    "e": "F(3,1)-G(25)-F(4,2)-G(25)-F(12,1)-G(49)",
    "f": "F(3,1)-G(25)-F(4,2)-G(25)-F(4,2)-G(25)-F(5,1)-G(49)",
    "g": "F(3,1)-G(25)-P(2,2)-F(3,1)-G(25)-P(2,2,ceil)-F(3,1)-G(25)-P(2,2)-F(2,1)-G(49)",
}


@pytest.mark.parametrize("name", shipped_graphs())
def test_every_shipped_graph_builds_by_name_and_by_path(name: str) -> None:
    folder = shipped_folder()
    assert folder is not None
    by_name, by_path = load_graph(name), load_graph(folder / f"{name}.yaml")
    assert by_name == by_path
    text = (folder / f"{name}.yaml").read_text()
    assert text.startswith("# Purpose: ")
    assert "\n# Data: " in text


@pytest.mark.parametrize("letter", PAPER)
def test_the_paper_s_graphs_are_what_their_notation_says(letter: str) -> None:
    graph = load_graph(f"dcgmm_{letter}")
    noted = load_graph(PAPER[letter], overrides=["data.source=mnist"])
    layers = [
        (node.name, node.layer.output_shape(node.input_shapes)) for node in graph.nodes.values()
    ]
    assert layers == [(node.name, node.shape) for node in noted.nodes.values()]
    assert [node.annealing for node in graph.nodes.values()] == [
        node.annealing for node in noted.nodes.values()
    ]
    assert graph[graph.topmost()].shape == (1, 1, 49)
    for name in graph.trainable:
        assert graph[name].layer.delay == noted[name].layer.delay  # type: ignore[attr-defined]


def test_a_name_that_is_nothing_lists_the_nearest() -> None:
    with pytest.raises(RequestError, match="did you mean 'dcgmm_e'"):
        load_graph("dcgm_e")
    with pytest.raises(RequestError, match="did you mean 'dcgmm_e'"):
        load_graph("somewhere/dcgmm_ee.yaml")
    with pytest.raises(RequestError, match="quickstart"):
        load_graph("zzz")


@pytest.mark.parametrize("text", ["", "\0", "x" * 5000, "a/b/c", "~", "."])
def test_odd_texts_are_refused(text: str) -> None:
    with pytest.raises(RequestError):
        load_graph(text)


def test_a_long_notation_is_no_path() -> None:
    assert len(load_graph("-".join(["F(1)-G(4)"] * 60)).nodes) == 121


def test_a_file_comes_before_a_name_and_a_notation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dcgmm_e").mkdir()  # a folder of that name is no graph
    assert load_graph("dcgmm_e").name == "dcgmm-e"
    for name in ("quickstart", "F(3)"):
        Path(name).write_text(TINY)
        assert list(load_graph(name).nodes) == ["i", "g"]


def test_a_graph_is_called_after_its_file(tmp_path: Path) -> None:
    for stem, name in (("digits-3", "digits-3"), ("größe", "größe"), (".hidden*", "hidden")):
        (tmp_path / f"{stem}.yaml").write_text(TINY)
        assert load_graph(tmp_path / f"{stem}.yaml").name == name


def test_mappings_may_hold_what_programs_have() -> None:
    graph = load_graph(
        {
            "data": {"source": "npz", "train": PurePosixPath("a.npz"), "classes": range(1, 4)},
            "nodes": {
                "image": {"type": "input", "shape": (np.int64(8), 9, 1)},
                "gmm": {"type": "gmm", "components": np.int32(4), "delay": np.float64(0.5)},
            },
            "forward": ("image -> gmm",),
        }
    )
    assert graph["gmm"].shape == (8, 9, 4)
    assert graph.document["data"]["train"] == "a.npz"
    assert graph.document["data"]["classes"] == [1, 2, 3]


@pytest.mark.parametrize(
    "value", [object(), {1: 2}, {"a" * 200: 1}, 10**90, "\ud800", b"x", {1, 2}]
)
def test_mappings_with_what_no_file_could_hold_are_refused(value: object) -> None:
    with pytest.raises(GraphError):
        graph_from_document({"nodes": {"image": value}, "forward": []})


def test_a_mapping_inside_itself_is_refused() -> None:
    endless: dict[str, object] = {}
    endless["nodes"] = endless
    with pytest.raises(GraphError, match="nested"):
        load_graph(endless)
    endless["nodes"] = [endless] * 100
    with pytest.raises(GraphError):
        load_graph(endless)


def test_a_document_names_where_it_comes_from() -> None:
    with pytest.raises(GraphError) as caught:
        graph_from_document({"nodes": {}}, file="model.h5")
    assert caught.value.problem.file == "model.h5"


def test_reading_a_graph_neither_loads_plugins_nor_heavy_libraries(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    (tmp_path / "evil.py").write_text(f"open({str(marker)!r}, 'w')\n")
    code = (
        "import contextlib, sys; from dcgraph.graph.load import graph_from_yaml; "
        "from dcgraph.errors import PluginError\n"
        f"with contextlib.suppress(PluginError): graph_from_yaml('plugins: [evil]' + {TINY!r})\n"
        f"graph_from_yaml({TINY!r})\n"
        "heavy = {'sklearn', 'matplotlib', 'h5py', 'scipy', 'cupy'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        timeout=60,
    )
    assert not marker.exists()
