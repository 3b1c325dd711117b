"""The shape of the package: imports run downward, files stay short, only the CLI prints."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dcgraph"

BUILT_INS = ("layers", "optimizers", "annealing", "merges", "sources", "metrics")
# From the top down; a module may import what stands below, and its own unit. The markers that
# plugins decorate their hooks with, and what a backend is, are contracts.
LEVELS = (
    ("testing",),
    ("__main__",),
    ("cli",),
    ("study", "benchmark"),
    ("judges",),
    ("report",),
    ("",),  # the package itself: a face of the model and the estimators
    ("estimators",),
    ("model",),
    ("benchmark",),
    ("training",),
    ("inference",),
    ("pictures",),
    ("storage",),
    ("engine",),
    ("data",),
    ("graph",),
    ("plugin",),
    ("api",),
    BUILT_INS,
    ("backends",),
    ("contracts",),
    ("backends.contract", "plugin.markers"),
    ("state", "rng"),
    ("signal", "spec", "errors"),
)
RANK = {unit: -index for index, level in enumerate(LEVELS) for unit in level}
MODULES = sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    """Return a module's name inside the package; "" for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def unit_of(module: str) -> str:
    """Return the unit a module belongs to: the longest of its prefixes that has a level."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if (prefix := ".".join(parts[:length])) in RANK:
            return prefix
    return module.split(".")[0]


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, module inside the package) for every import, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "dcgraph":
                    yield node.lineno, alias.name.removeprefix("dcgraph").lstrip(".")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports name modules in full"
            source = node.module or ""
            if source.split(".")[0] != "dcgraph":
                continue
            inside = source.removeprefix("dcgraph").lstrip(".")
            for alias in node.names:
                if not inside and alias.name == "__version__":
                    continue  # a constant, not a module
                below = f"{inside}.{alias.name}".lstrip(".")
                found = PACKAGE.joinpath(*below.split("."))
                is_module = found.is_dir() or found.with_suffix(".py").exists()
                yield node.lineno, below if is_module else inside


def test_every_part_of_the_package_has_a_level():
    assert {unit_of(dotted(path)) for path in MODULES} <= set(RANK)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_downward(path):
    unit = unit_of(dotted(path))
    upward = [
        f"{path.relative_to(ROOT)}:{line}: {unit or 'dcgraph'} imports {target or 'dcgraph'}"
        for line, target in imports_of(path)
        if unit_of(target) != unit and RANK[unit_of(target)] >= RANK[unit]
    ]
    assert not upward, "\n".join(upward)


def test_the_engine_and_what_it_stands_on_know_no_plugin_by_name():
    named = [
        f"{path.relative_to(ROOT)}:{line}: {target}"
        for folder in ("engine", "data", "graph", "plugin", "storage", "contracts", "backends")
        for path in (PACKAGE / folder).rglob("*.py")
        for line, target in imports_of(path)
        if unit_of(target) in BUILT_INS
    ]
    assert not named, "\n".join(named)


def test_plugins_use_the_public_interface_alone():
    used = [
        f"{path.relative_to(ROOT)}:{line}: {target}"
        for path in sorted((ROOT / "plugins").glob("*.py"))
        for line, target in imports_of(path)
        if unit_of(target) != "api"
    ]
    assert not used, "\n".join(used)


def test_files_have_at_most_400_lines():
    folders = ("dcgraph", "plugins", "tests", "tools", "benchmarks")
    files = [p for f in folders for kind in ("*.py", "*.cu") for p in (ROOT / f).rglob(kind)]
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in files}
    assert lengths
    assert not {str(path): length for path, length in lengths.items() if length > 400}


def test_only_the_command_line_prints_and_exits():
    found = []
    for path in MODULES:
        if unit_of(dotted(path)) in ("cli", "__main__"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            text = ""
            if isinstance(node, ast.Call):
                text = ast.unparse(node.func)
            elif isinstance(node, ast.Raise) and node.exc is not None:
                text = ast.unparse(node.exc).split("(")[0]
            if text in ("print", "exit", "quit", "sys.exit", "os._exit", "SystemExit"):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {text}")
            if text.startswith(("sys.stdout.", "sys.stderr.")):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {text}")
    assert not found, "\n".join(found)


HEAVY = (
    "networkx",
    "pydantic",
    "sklearn",
    "scipy",
    "h5py",
    "jinja2",
    "matplotlib",
    "pooch",
    "rich",
    "click",
    "ruamel",
    "cupy",
    "torch",
    "numpy",
)


def test_importing_the_package_loads_nothing_heavy_and_is_quick():
    script = (
        "import json, sys, time; before = time.perf_counter(); import dcgraph; "
        "print(json.dumps([time.perf_counter() - before, sorted(sys.modules)]))"
    )
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=ROOT
            ).stdout
        )
        for _ in range(3)
    ]
    loaded = {name.split(".")[0] for name in runs[0][1]}
    assert not loaded & set(HEAVY)
    assert min(seconds for seconds, _ in runs) < 0.1


def test_the_package_offers_what_it_says():
    import dcgraph

    assert set(dcgraph.__all__) <= set(dir(dcgraph))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        dcgraph.trian  # noqa: B018
