"""A graph or a model file names plugins; only the user makes them run."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcgraph.cli import watch

GRAPH = """
name: counted
plugins: [{entry}]
data: {{source: digits, limit: 60}}
nodes:
  image: {{type: input, shape: [8, 8, 1]}}
  turned: {{type: turned}}
  gmm1: {{type: gmm, components: 4}}
forward: [image -> turned -> gmm1]
train: {{epochs: 1}}
"""

PLUGIN = """
from pathlib import Path
from dcgraph.api import Signal, hookimpl
from dcgraph.api import Layer

Path("{marker}").touch()


class Turned(Layer):
    type = "turned"

    def output_shape(self, shapes):
        h, w, c = shapes[0]
        return w, h, c

    def forward(self, ops, params, inputs):
        (signal,) = inputs
        known = None if signal.known is None else signal.known.swapaxes(1, 2)
        return Signal(signal.values.swapaxes(1, 2), known)

    def control(self, ops, params, signal, shapes, rng):
        return (None if signal is None else self.forward(ops, params, [signal]),)

    def input_gradient(self, ops, params, inputs, grad):
        return (grad.swapaxes(1, 2),)


@hookimpl
def register_layers():
    return [Turned]
"""


@pytest.fixture
def folder(call, tmp_path: Path) -> Path:
    """A folder, away from the working folder, with a graph and the plugin it names."""
    folder = tmp_path / "from-elsewhere"
    (folder / "extra").mkdir(parents=True)
    (folder / "extra" / "turning.py").write_text(PLUGIN.format(marker=tmp_path / "ran"))
    (folder / "graph.yaml").write_text(GRAPH.format(entry="extra/turning.py"))
    return folder


@pytest.fixture
def ran(tmp_path: Path):
    return (tmp_path / "ran").exists


@pytest.mark.parametrize("command", [("run",), ("check",), ("inspect",)])
def test_a_graph_does_not_run_code_and_the_error_says_what_to_type(call, folder, ran, command):
    answer = call(*command, folder / "graph.yaml")
    assert answer.code == 2
    assert "graph.yaml:3: " in answer.stderr
    assert "-p from-elsewhere/extra/turning.py" in answer.stderr
    assert "--allow-plugins" in answer.stderr
    assert len([line for line in answer.stderr.splitlines() if line.startswith("error")]) == 1
    assert not ran()


def test_what_the_error_says_is_enough(call, folder, ran):
    answer = call("check", folder / "graph.yaml", "-p", "from-elsewhere/extra/turning.py")
    assert answer.code == 0, answer.stderr
    assert ran()


def test_all_that_a_graph_names_may_be_allowed(call, folder, ran):
    answer = call("run", folder / "graph.yaml", "--allow-plugins", "-o", "m.h5", "-q", "--json")
    assert answer.code == 0, answer.stderr
    assert ran()


@pytest.fixture
def model(call, folder, tmp_path: Path) -> Path:
    """A model of the graph; the plugin has not run since."""
    path = tmp_path / "m.h5"
    answer = call("run", folder / "graph.yaml", "--allow-plugins", "-o", path, "-q")
    assert answer.code == 0, answer.stderr
    (tmp_path / "ran").unlink()
    return path


@pytest.mark.parametrize(
    "command", [("sample",), ("score",), ("inspect",), ("run", "--resume", "-o", "m.h5")]
)
def test_a_model_file_does_not_run_code(call, model, ran, command):
    name, *rest = command
    answer = call(name, model, *rest)
    assert answer.code == 2
    assert "turning.py" in answer.stderr
    assert not ran()


def test_a_model_is_used_with_its_plugin(call, model):
    answer = call("score", model, "-p", "from-elsewhere/extra/turning.py", "--json")
    assert answer.code == 0, answer.stderr


def test_a_plugin_that_the_graph_does_not_name_is_named_by_the_model(call, folder, model):
    plain = folder / "plain.yaml"
    plain.write_text(
        (folder / "graph.yaml").read_text().replace("plugins: [extra/turning.py]\n", "")
    )
    plugin = folder / "extra" / "turning.py"
    answer = call("check", plain)
    assert answer.code == 2
    assert "unknown layer type 'turned'" in answer.stderr
    assert "-p FILE.py" in answer.stderr
    assert call("run", plain, "-p", plugin, "-o", "plain.h5", "-q").code == 0
    answer = call("sample", "plain.h5")
    assert answer.code == 2
    assert "the graph needs the plugin 'turning'" in answer.stderr
    assert "`-p path/to/turning.py`" in answer.stderr
    answer = call("sample", "plain.h5", "-p", plugin, "-o", "s.png")
    assert answer.code == 0, answer.stderr


@pytest.mark.parametrize("allowed", [True, False])
def test_watch_keeps_to_what_was_allowed_for_a_model_that_comes_later(
    call, folder, model, monkeypatch, allowed
):
    later = folder / "later.h5"  # beside what it names
    steps = iter([lambda: model.rename(later), lambda: None])

    def pause(seconds):
        step = next(steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr(watch.time, "sleep", pause)
    flag = ["--allow-plugins"] if allowed else []
    answer = call("watch", later, "--samples", "4", *flag)
    assert answer.code == 0, answer.stderr
    assert ("step 1 of 1" in answer.stderr) is allowed
    assert ("--allow-plugins" in answer.stderr) is not allowed
