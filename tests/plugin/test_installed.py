"""Plugins of installed packages, without installing any: a folder with a dist-info will do."""

from __future__ import annotations

import importlib
import logging
import sys
from pathlib import Path

import pytest

from dcgraph.errors import PluginError
from dcgraph.graph.load import load_graph
from dcgraph.plugin.load import installed_plugins, plugins_from

MODULE = """
from dcgraph.api import Metric, hookimpl


def count(truth, values):
    return float(len(values))


@hookimpl
def register_metrics():
    return [Metric("{metric}", "scores", count)]
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that puts a package on the path, as pip would."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("DCGRAPH_PLUGINS", raising=False)
    made: list[str] = []

    def one(name: str, text: str, *, version: str = "1.5", point: str | None = None) -> None:
        module = f"plugin_of_{name.replace('-', '_')}"
        (tmp_path / f"{module}.py").write_text(text)
        info = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        entry = f"{point or name} = {module}"
        (info / "entry_points.txt").write_text(f"[dcgraph]\n{entry}\n")
        made.append(module)
        importlib.invalidate_caches()

    yield one
    for module in made:
        sys.modules.pop(module, None)
    # what was found on this path is not to be found again
    monkeypatch.setenv("DCGRAPH_PLUGINS", "")
    installed_plugins()


def test_an_installed_plugin_is_there_without_being_asked_for(install):
    install("counting", MODULE.format(metric="count"))
    plugins = installed_plugins()
    assert "count" in plugins.metrics
    (mine,) = [plugin for plugin in plugins.loaded if plugin.name == "counting"]
    assert (mine.version, mine.origin) == ("1.5", "package counting")
    assert plugins_from([]) is plugins


def test_a_graph_may_name_it(install):
    install("counting", MODULE.format(metric="count"))
    document = {
        "plugins": ["counting"],
        "nodes": {
            "image": {"type": "input", "shape": [4, 4, 1]},
            "gmm1": {"type": "gmm", "components": 4},
        },
        "forward": ["image -> gmm1"],
    }
    assert load_graph(document).document["plugins"] == ["counting"]


def test_the_environment_limits_which_are_loaded(install, monkeypatch):
    install("first", MODULE.format(metric="one"))
    install("second", MODULE.format(metric="two"))
    for wanted, expected in (
        ("", set()),
        ("second", {"two"}),
        (" second , first", {"one", "two"}),
    ):
        monkeypatch.setenv("DCGRAPH_PLUGINS", wanted)
        assert {"one", "two"} & set(installed_plugins().metrics) == expected
    monkeypatch.delenv("DCGRAPH_PLUGINS")
    assert {"one", "two"} <= set(installed_plugins().metrics)


def test_what_is_limited_away_is_not_even_imported(install, monkeypatch, tmp_path):
    install("loud", f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.setenv("DCGRAPH_PLUGINS", "")
    installed_plugins()
    assert not (tmp_path / "ran").exists()


def test_a_wanted_plugin_that_is_not_installed(install, monkeypatch):
    install("counting", MODULE.format(metric="count"))
    monkeypatch.setenv("DCGRAPH_PLUGINS", "countin")
    with pytest.raises(PluginError, match=r"'countin'.*did you mean 'counting'\?"):
        installed_plugins()


def test_a_broken_one_is_named_with_its_package_and_a_way_out(install):
    install("broken-one", "import no_such_module_at_all\n", point="breaks")
    with pytest.raises(
        PluginError, match=r"'breaks' of package broken-one .*no_such_module.*DCGRAPH_PLUGINS"
    ):
        installed_plugins()


def test_two_packages_with_one_name(install):
    install("one", MODULE.format(metric="one"), point="same")
    install("other", MODULE.format(metric="two"), point="same")
    with pytest.raises(PluginError, match="'same': one from package one, one from package other"):
        installed_plugins()


def test_two_packages_with_one_metric_name_both(install):
    install("one", MODULE.format(metric="same"))
    install("other", MODULE.format(metric="same"))
    with pytest.raises(PluginError, match=r"'other' registers metric 'same', which plugin\s'one'"):
        installed_plugins()


def test_hook_calls_are_traced(install, caplog):
    install("counting", MODULE.format(metric="count"))
    with caplog.at_level(logging.DEBUG, "dcgraph"):
        installed_plugins()
    assert "loaded plugin 'counting' from package counting" in caplog.text
    assert "register_metrics [hook]" in caplog.text
    assert "Metric(type='count'" in caplog.text
