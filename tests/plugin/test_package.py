"""A plugin package from outside: built as a wheel, installed, and found by its entry point."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "dcgraph-mirror"
version = "0.3"
dependencies = ["dcgraph"]

[project.entry-points.dcgraph]
mirror = "dcgraph_mirror"
"""

MODULE = '''
"""A node that turns images left to right."""

from dcgraph.api import Layer, Signal, hookimpl


class Mirror(Layer):
    """Columns in reverse order, both ways."""

    type = "mirror"

    def output_shape(self, shapes):
        return shapes[0]

    def forward(self, ops, params, inputs):
        (signal,) = inputs
        known = None if signal.known is None else signal.known[:, :, ::-1]
        return Signal(signal.values[:, :, ::-1], known)

    def control(self, ops, params, signal, shapes, rng):
        return (None if signal is None else self.forward(ops, params, [signal]),)

    def input_gradient(self, ops, params, inputs, grad):
        return (grad[:, :, ::-1],)


@hookimpl
def register_layers():
    return [Mirror]
'''

TESTS = """
from dcgraph.testing import LayerConformance
from dcgraph_mirror import Mirror


class TestMirror(LayerConformance):
    layer = Mirror()
    undoes = "control"
"""

GRAPH = """
plugins: [mirror]
data: {source: digits, limit: 100}
nodes:
  image: {type: input, shape: [8, 8, 1]}
  turned: {type: mirror}
  gmm1: {type: gmm, components: 4}
forward: [image -> turned -> gmm1]
"""


def execute(*arguments: str, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the interpreter in a folder, with packages from another one."""
    search = os.pathsep.join([str(path / "installed"), str(ROOT)])
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=path,
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "PYTHONPATH": search, **environment},
    )


def program(*arguments: str, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return execute("-m", "dcgraph", *arguments, path=path, **environment)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package's source, its wheel, and what pip made of it."""
    pytest.importorskip("hatchling", reason="builds the wheel without a network")
    path = tmp_path_factory.mktemp("outside")
    (path / "pyproject.toml").write_text(PROJECT)
    (path / "dcgraph_mirror.py").write_text(MODULE)
    (path / "graph.yaml").write_text(GRAPH)
    pip = ("-m", "pip", "--disable-pip-version-check")
    offline = ("--no-deps", "--no-index")
    built = execute(*pip, "wheel", *offline, "--no-build-isolation", "-w", "wheels", ".", path=path)
    assert built.returncode == 0, built.stderr
    (path / "dcgraph_mirror.py").unlink()  # what is found is what was installed
    (wheel,) = (path / "wheels").glob("*.whl")
    made = execute(*pip, "install", *offline, "--target", "installed", str(wheel), path=path)
    assert made.returncode == 0, made.stderr
    return path


@pytest.mark.package
def test_an_installed_package_brings_its_layer(installed):
    listed = program("plugins", "--json", path=installed)
    assert listed.returncode == 0, listed.stderr
    (mine,) = [p for p in json.loads(listed.stdout)["plugins"] if p["origin"] != "built-in"]
    assert mine == {
        "name": "mirror",
        "version": "0.3",
        "origin": "package dcgraph-mirror",
        "registers": {"layers": ["mirror"]},
    }
    for arguments in (
        ("run", "graph.yaml", "-o", "m.h5", "--epochs", "1"),
        ("sample", "m.h5", "-n", "4", "-o", "s.npz"),
    ):
        done = program(*arguments, "-q", path=installed)
        assert done.returncode == 0, done.stderr


@pytest.mark.package
def test_it_can_be_left_out(installed):
    done = program("check", "graph.yaml", path=installed, DCGRAPH_PLUGINS="")
    assert done.returncode == 2
    assert "the graph needs the plugin 'mirror'" in done.stderr


@pytest.mark.package
def test_its_author_s_tests_pass(installed):
    (installed / "test_mirror.py").write_text(TESTS)
    done = execute("-m", "pytest", "-q", "-p", "no:cacheprovider", path=installed)
    assert done.returncode == 0, done.stdout
    assert "failed" not in done.stdout


@pytest.mark.package
def test_the_package_of_the_guide_brings_its_layer(tmp_path):
    pytest.importorskip("hatchling", reason="builds the wheel without a network")
    guide = (ROOT / "docs" / "plugins.md").read_text()
    for name in ("pyproject.toml", "invert.py"):
        text = re.search(rf"<!-- file: {re.escape(name)} -->\n *```\w+\n(.*?)```", guide, re.DOTALL)
        (tmp_path / name).write_text(textwrap.dedent(text[1].rstrip(" ")))
    options = ("--disable-pip-version-check", "--no-deps", "--no-index", "--no-build-isolation")
    made = execute("-m", "pip", "install", *options, "--target", "installed", ".", path=tmp_path)
    assert made.returncode == 0, made.stderr
    (tmp_path / "invert.py").unlink()
    listed = program("plugins", "--json", path=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert {"layers": ["invert"]} in [p["registers"] for p in json.loads(listed.stdout)["plugins"]]
