"""The site is built without a warning, and its references hold all there is."""

import importlib.util
import os
import re
import subprocess
import sys

import pytest
from doc_blocks import PAGES, ROOT

import dcgraph
from dcgraph import api
from dcgraph.cli.main import COMMANDS
from dcgraph.graph.schema import json_schema
from dcgraph.plugin.manager import built_in_plugins

SITE = ROOT / "docs" / "site"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site."""
    missing = [name for name in ("mkdocs", "material", "mkdocstrings") if not _installed(name)]
    if missing and os.environ.get("CI"):
        pytest.fail(f"{', '.join(missing)}: missing, and CI is set")
    if missing:
        pytest.skip(f"{', '.join(missing)}: missing (pip install dcgraph[docs])")
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "mkdocs",
            "build",
            "--strict",
            "-f",
            SITE / "mkdocs.yml",
            "-d",
            folder,
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert "WARNING" not in built.stderr
    return folder


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def page(site, name):
    return (site / name / "index.html").read_text(encoding="utf-8")


@pytest.mark.docs
def test_every_page_is_built(site):
    for each in PAGES[1:]:
        name = each.relative_to(ROOT / "docs").with_suffix("").as_posix()
        name = "." if name == "index" else name
        assert (site / name / "index.html").is_file()
        assert f'href="{name}/"' in page(site, ".") or name == "."  # it is in the navigation
    assert "dcgraph-model" in page(site, "reference/model-files")


@pytest.mark.docs
def test_the_graph_file_reference_has_every_type_and_key(site):
    text = page(site, "reference/graph-files")
    plugins = built_in_plugins()
    for registry in (plugins.layers, plugins.optimizers, plugins.annealing, plugins.sources):
        for name, kind in registry.items():
            assert f": {name}<" in text, name
            for key, field in kind.model_fields.items():
                assert field.exclude or f"<code>{field.alias or key}</code>" in text, key
    for section in json_schema(plugins)["properties"]:
        assert f"<code>{section}</code>" in text


@pytest.mark.docs
def test_the_command_line_reference_has_every_command(site):
    text = page(site, "reference/command-line")
    for name in COMMANDS:
        assert f"Usage: dcgraph {name} " in text


@pytest.mark.docs
def test_the_python_references_have_every_name(site):
    text = page(site, "reference/python")
    for name in set(dcgraph.__all__) - {"__version__"}:
        assert f"{name}</span>" in text or f">{name}<" in text, name
    text = page(site, "reference/plugin-interface")
    for name in api.__all__:
        assert f"{name}</span>" in text or f">{name}<" in text, name


@pytest.mark.docs
def test_nothing_is_loaded_from_elsewhere(site):
    for path in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)"', path.read_text()
        )
        assert not loaded, path
