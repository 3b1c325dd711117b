import struct
import sys

import pytest
from plugin_files import loaded

from dcgraph.data.dataset import open_dataset
from dcgraph.errors import PluginError
from dcgraph.graph.load import load_graph
from dcgraph.training.run import run

PLUGINS = loaded("tensorboard")
TensorBoard = PLUGINS.observers["tensorboard"]
GRAPH = {
    "data": {"source": "digits", "limit": 100, "outliers": [0]},
    "nodes": {
        "image": {"type": "input", "shape": [8, 8, 1]},
        "fold": {"type": "folding", "kernel": 8},
        "top": {"type": "gmm", "components": 9},
    },
    "forward": ["image -> fold -> top"],
    "train": {"epochs": 2, "batch_size": 20},
}


def trained(path, **settings):
    graph = load_graph(GRAPH)
    return run(graph, open_dataset(graph.data, (8, 8, 1), None), output=path, **settings)


def scalars(folder):
    """Return {tag: [(step, value), ...]} of all event files in a folder."""
    from tensorboardX.proto.event_pb2 import Event

    found = {}
    for path in sorted(folder.glob("events.*")):
        content, at = path.read_bytes(), 0
        while at < len(content):
            (length,) = struct.unpack_from("<Q", content, at)
            event = Event.FromString(content[at + 12 : at + 12 + length])
            at += 16 + length
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


@pytest.fixture
def folder(tmp_path, monkeypatch):
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    monkeypatch.setenv("DCGRAPH_TENSORBOARD", str(tmp_path / "curves"))
    return tmp_path / "curves"


def test_curves_are_those_of_the_model_s_history(folder, tmp_path):
    record = trained(tmp_path / "digits-s0.h5", plugins=PLUGINS)
    curves = scalars(folder / "digits-s0")
    history = record.history["top"]
    assert [step for step, _ in curves["top/loss"]] == history["step"]
    for name in ("loss", "log_likelihood", "sigma", "winner_entropy"):
        assert [value for _, value in curves[f"top/{name}"]] == pytest.approx(history[name])
    ((step, auc),) = curves["top/test_auc"]
    assert step == record.total_steps
    assert auc == pytest.approx(record.metrics["top"]["auc"])
    assert {value for _, value in curves["top/stage"]} <= {0, 1, 2, 3}


def test_python_says_where(folder, tmp_path):
    trained(tmp_path / "m.h5", observers=[TensorBoard(tmp_path / "elsewhere")])
    assert "top/loss" in scalars(tmp_path / "elsewhere" / "m")
    assert not folder.exists()


def test_a_model_in_memory_has_curves_too(folder):
    trained(None, plugins=PLUGINS)
    assert "top/loss" in scalars(folder / "run")


def test_without_a_library_the_error_says_what_to_install(monkeypatch, tmp_path):
    for name in ("tensorboardX", "tensorboard", "torch"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", [])
    with pytest.raises(PluginError, match="pip install tensorboardX"):
        TensorBoard()
