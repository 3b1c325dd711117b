"""The scripts on saved models, finished ones and ones that a run is still writing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from pathlib import Path
from xml.etree import ElementTree

import joblib
import numpy as np
import pytest
from model_files import tiny_record, write_tiny
from PIL import Image

import dcgraph
from dcgraph.errors import RequestError
from dcgraph.storage.write import write_model

TOOLS = Path(__file__).parents[2] / "tools"
NAMES = ("show", "centroids", "history", "diff", "export", "graph")


@pytest.fixture
def tool(monkeypatch):
    """Return a function that imports a tool by its name, as a script finds what is beside it."""
    monkeypatch.syspath_prepend(TOOLS)

    def load(name):
        spec = importlib.util.spec_from_file_location(f"tool_{name}", TOOLS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="module")
def images():
    from sklearn.datasets import load_digits

    return (load_digits().images[:400, :, :, None] / 16).astype(np.float32)


@pytest.fixture(scope="module")
def model(images):
    return dcgraph.train("F(4,2)-G(9)-F(3)-G(16)", images, epochs=3, seed=0)


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    file = tmp_path_factory.mktemp("tools") / "model.h5"
    model.save(file)
    return file


@pytest.mark.parametrize("name", NAMES)
def test_help_shows_an_example_and_a_mistake_is_one_line(name, tmp_path):
    asked = subprocess.run(
        [sys.executable, TOOLS / f"{name}.py", "--help"], capture_output=True, text=True, check=True
    )
    assert f"python tools/{name}.py" in asked.stdout
    files = ["absent.h5"] * (2 if name == "diff" else 1)
    output = ["-o", "a.npz"] if name == "export" else []
    failed = subprocess.run(
        [sys.executable, TOOLS / f"{name}.py", *files, *output],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert failed.returncode == 2
    assert failed.stderr.startswith("error: ")
    assert "absent.h5" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_show_names_every_array_and_where_it_comes_from(tool, path, capsys):
    assert tool("show").main([str(path)]) == 0
    text = capsys.readouterr().out
    for part in ("means 1x9x16 float32", "S2 1x16x81 float32", "data_digest", "gmm2", "complete"):
        assert part in text


def test_history_draws_a_column_for_each_node_that_has_begun(tool, path, tmp_path):
    output = tmp_path / "history.svg"
    assert tool("history").main([str(path), "-o", str(output)]) == 0
    text = output.read_text()
    ElementTree.fromstring(text)
    figure = tool("history").figure_of(dcgraph.load(path).record, ["gmm1", "gmm2"])
    assert [axes.get_title() for axes in figure.axes[:2]] == ["gmm1", "gmm2"]
    drawn = figure.axes[0].lines[0].get_ydata()
    assert list(drawn) == dcgraph.load(path).record.history["gmm1"]["log_likelihood"]


def test_history_of_a_run_that_has_read_nothing_is_refused(tool, tmp_path):
    record = tiny_record()
    record.history = {}
    write_model(tmp_path / "new.h5", record)
    with pytest.raises(RequestError, match="nothing to draw"):
        tool("history").main([str(tmp_path / "new.h5")])


def test_diff_says_what_differs_and_how_much(tool, path, images, tmp_path, capsys):
    diff = tool("diff")
    assert diff.main([str(path), str(path)]) == 0
    assert capsys.readouterr().out == "the models are the same\n"
    other = tmp_path / "other.h5"
    dcgraph.train("F(4,2)-G(9)-F(3)-G(25)", images, epochs=1, seed=1).save(other)
    assert diff.main([str(path), str(other)]) == 1
    text = capsys.readouterr().out
    for part in (
        "nodes.gmm2.components: 16 | 25",
        "seed: 0 | 1",
        "gmm2.means: shape (1, 16, 81) | (1, 25, 81)",
        "gmm1.means: largest difference",
        "median log-likelihood",
    ):
        assert part in text


def test_export_gives_every_parameter(tool, path, model, tmp_path):
    output = tmp_path / "arrays.npz"
    assert tool("export").main([str(path), "-o", str(output)]) == 0
    with np.load(output) as arrays:
        assert "gmm1" in str(arrays["graph"])
        for node, state in model.record.states.items():
            for key, array in state.parameters.items():
                np.testing.assert_array_equal(arrays[f"{node}.{key}"], array)


@pytest.mark.parametrize("node", ["gmm1", "gmm2"])
def test_an_exported_mixture_scores_what_its_node_scores(tool, path, model, images, tmp_path, node):
    output = tmp_path / "mixture.joblib"
    assert tool("export").main([str(path), "--mixture", node, "-o", str(output)]) == 0
    below = model.activities(images[:20], model.graph[node].inputs[0])
    scores = joblib.load(output).score_samples(below.reshape(-1, below.shape[-1]))
    expected = model.log_likelihood_map(images[:20], node).ravel()
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-3)


def test_a_position_is_asked_for_where_each_has_its_own_mixture(tool, images, tmp_path):
    from dcgraph.graph.load import load_graph

    graph = load_graph("F(4,2)-G(4)", overrides=["gmm1.share=false"], shape=(8, 8, 1))
    model = dcgraph.train(graph, images, epochs=1, seed=0)
    export = tool("export")
    with pytest.raises(RequestError, match="has 9 mixtures: choose one by --position"):
        export.mixture_of(model.record, "gmm1")
    with pytest.raises(RequestError, match="from 0 0 to 2 2"):
        export.mixture_of(model.record, "gmm1", (3, 0))
    with pytest.raises(RequestError, match="only gmm nodes"):
        export.mixture_of(model.record, "fold1")
    below = model.activities(images[:20], "fold1")[:, 1, 2]
    scores = export.mixture_of(model.record, "gmm1", (1, 2)).score_samples(below)
    expected = model.log_likelihood_map(images[:20], "gmm1")[:, 1, 2]
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("what", ["means", "precisions", "weights"])
@pytest.mark.parametrize("arguments", [[], ["--per-position"], ["--node", "gmm1"]])
def test_alphabets_are_pictures(tool, path, tmp_path, what, arguments):
    output = tmp_path / "alphabet.png"
    assert tool("centroids").main([str(path), "--what", what, *arguments, "-o", str(output)]) == 0
    with Image.open(output) as picture:
        assert picture.getextrema()[0] < picture.getextrema()[1]


def test_rows_of_a_table_are_drawn_too(tool, tmp_path):
    mixture = dcgraph.GaussianMixture(4, random_state=0)
    mixture.fit(np.random.default_rng(0).normal(size=(100, 6)))
    mixture.model_.save(tmp_path / "rows.h5")
    output = tmp_path / "rows.png"
    assert tool("centroids").main([str(tmp_path / "rows.h5"), "-o", str(output)]) == 0
    assert output.exists()


def test_a_graph_is_drawn_with_every_edge_of_both_kinds(tool, path, tmp_path, capsys):
    graph = tool("graph")
    assert graph.main([str(path), "-o", str(tmp_path / "graph.svg")]) == 0
    text = (tmp_path / "graph.svg").read_text()
    ElementTree.fromstring(text)
    for u, v in (("image", "fold1"), ("fold1", "gmm1"), ("fold2", "gmm2")):
        assert f'id="forward:{u}:{v}"' in text
        assert f'id="control:{v}:{u}"' in text
    assert graph.main(["dcgmm_e", "-o", str(tmp_path / "graph.dot")]) == 0
    dot = (tmp_path / "graph.dot").read_text()
    assert "image -> fold1;" in dot
    assert "fold1 -> image [style=dashed" in dot
    assert "26 x 26 x 25" in dot
    with pytest.raises(RequestError, match=r"\.svg"):
        graph.main(["dcgmm_e", "-o", "graph.gif"])


def test_tools_read_a_file_while_it_is_being_written(tool, tmp_path, capsys):
    path = write_tiny(tmp_path / "running.h5")
    record = tiny_record()
    record.complete = False
    done = threading.Event()

    def writing():
        while not done.is_set():
            record.step = record.step % 19 + 1
            record.history = {}
            write_model(path, record)

    thread = threading.Thread(target=writing)
    thread.start()
    try:
        for _ in range(5):
            assert tool("show").main([str(path)]) == 0
            assert tool("centroids").main([str(path), "-o", str(tmp_path / "a.png")]) == 0
            assert tool("export").main([str(path), "-o", str(tmp_path / "a.npz")]) == 0
            assert tool("graph").main([str(path), "-o", str(tmp_path / "a.dot")]) == 0
            assert tool("diff").main([str(path), str(path)]) in (0, 1)
    finally:
        done.set()
        thread.join()
    assert "of 20" in capsys.readouterr().out
