from pathlib import Path

import pytest

from dcgraph.errors import PluginError
from dcgraph.plugin.load import installed_plugins, plugins_from
from dcgraph.plugin.manager import built_in_plugins

LAYER = """
from __future__ import annotations

from typing import ClassVar

from dcgraph.contracts.annealing import Annealing
from dcgraph.plugin.markers import hookimpl


class Still(Annealing):
    type: ClassVar[str] = "still"

    width: Local = 1.0

    def init(self, width):
        return {{"sigma": self.width}}

    def advance(self, state, *, loss, progress):
        return state

    def finished(self, state):
        return False


@hookimpl
def {hook}():
    return [Still]
"""


def write(path: Path, *, hook: str = "register_annealing") -> Path:
    text = LAYER.format(hook=hook).replace("\n\nclass", "\nLocal = float\n\n\nclass", 1)
    path.write_text(text)
    return path


def test_without_files_there_is_what_is_installed():
    assert plugins_from([]) is installed_plugins()
    assert set(built_in_plugins().layers) <= set(installed_plugins().layers)


def test_a_file_adds_what_it_registers(tmp_path):
    plugins = plugins_from([write(tmp_path / "mine.py")])
    assert plugins.annealing["still"]().init(7.0) == {"sigma": 1.0}
    assert "exponential" in plugins.annealing
    assert "still" not in built_in_plugins().annealing


def test_a_file_given_twice_is_loaded_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(Path("mine.py"))
    assert "still" in plugins_from([Path("mine.py"), tmp_path / "mine.py"]).annealing


def test_a_changed_file_is_read_again(tmp_path):
    path = write(tmp_path / "mine.py")
    plugins_from([path])
    path.write_text(path.read_text().replace('"still"', '"stiller"'))
    assert "stiller" in plugins_from([path]).annealing


def test_files_of_one_name_do_not_meet(tmp_path):
    (tmp_path / "other").mkdir()
    first, second = write(tmp_path / "mine.py"), tmp_path / "other" / "mine.py"
    second.write_text(first.read_text().replace('"still"', '"stiller"'))
    assert {"still", "stiller"} <= set(plugins_from([first, second]).annealing)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("x = 1\nx +\n", 2, "SyntaxError"),
        ("\n\nimport no_such_module_at_all\n", 3, "no_such_module_at_all"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit"),
    ],
)
def test_a_file_that_cannot_be_imported_is_named_with_the_line(tmp_path, text, line, told):
    path = tmp_path / "broken.py"
    path.write_text(text)
    with pytest.raises(PluginError, match=told) as caught:
        plugins_from([path])
    assert caught.value.problem.file == str(path)
    assert caught.value.problem.line == line


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(PluginError, match=r"absent\.py: there is no such plugin file"):
        plugins_from([tmp_path / "absent.py"])


def test_a_file_that_is_no_python_source(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("notes")
    with pytest.raises(PluginError, match=r"notes\.txt: .* ends in \.py"):
        plugins_from([path])


def test_a_name_that_is_taken_is_refused_with_both_owners(tmp_path):
    path = write(tmp_path / "mine.py")
    path.write_text(path.read_text().replace('"still"', '"off"'))
    with pytest.raises(PluginError, match=r"mine\.py' .* 'off'.*dcgraph\.annealing"):
        plugins_from([path])


def test_a_misspelt_hook_is_refused(tmp_path):
    with pytest.raises(PluginError, match="register_anealing"):
        plugins_from([write(tmp_path / "mine.py", hook="register_anealing")])
