"""What the guides say is tried: their files are written, their commands run, their tests pass."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import dcgraph
from dcgraph.cli.main import main
from dcgraph.errors import PluginError
from dcgraph.plugin import specs

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "plugins.md").read_text()
SOURCES = (ROOT / "docs" / "sources.md").read_text()
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
RUN = re.compile(r"<!-- run -->\n```console\n(.*?)```", re.DOTALL)


def call(line: str) -> str:
    """Run a command in this process; return what it prints."""
    name, *arguments = shlex.split(line)
    assert name == "dcgraph"
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The files of the guide, in the working folder."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILE.findall(GUIDE):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_layer_has_forty_lines_and_the_commands_run(folder):
    code = [line for line in (folder / "invert.py").read_text().splitlines() if line.strip()]
    assert len(code) <= 40
    printed = [call(line) for line in RUN.search(GUIDE)[1].splitlines()]
    assert "invert" in printed[0]
    assert (folder / "ink.png").stat().st_size


def test_its_conformance_test_passes(folder):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_invert.py"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_observer_keeps_its_diary(folder):
    call("dcgraph run ink.yaml -p invert.py -p diary.py -o ink.h5 --epochs 2 -q")
    first, second = (folder / "diary.txt").read_text().splitlines()
    assert first.startswith("epoch 1: {'gmm1': ")
    assert second.startswith("epoch 2: ")


def test_the_source_of_the_guide_is_learned_from(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (text,) = re.findall(r"```python\n(.*?)```", SOURCES, re.DOTALL)
    (tmp_path / "rings.py").write_text(text)
    (line,) = re.findall(r"```console\n(.*?)\n```", SOURCES, re.DOTALL)
    assert "auc" in call(f"{line} -o rings.h5 --json")


def test_every_hook_is_in_the_guide():
    hooks = [name for name in vars(specs) if name.startswith("register_")]
    assert len(hooks) == 9
    assert not [name for name in hooks if f"`{name}`" not in GUIDE]


def test_python_loads_plugins_by_path_too(folder):
    model = dcgraph.train("ink.yaml", epochs=1, plugins=["invert.py"])
    model.save("ink.h5")
    with pytest.raises(PluginError, match=r"-p invert\.py"):
        dcgraph.load("ink.h5")
    again = dcgraph.load("ink.h5", plugins=["invert.py"])
    np.testing.assert_array_equal(model.sample(2, seed=1), again.sample(2, seed=1))
