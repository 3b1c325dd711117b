"""What is installed: the wheel holds all that runs, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.package


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=600,
    )
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_code_graphs_and_format(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "dcgraph").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted |= {
        f"dcgraph/graphs/{path.relative_to(ROOT / 'graphs')}"
        for path in (ROOT / "graphs").rglob("*.yaml")
    }
    assert wanted <= names
    strangers = {name for name in names if not name.startswith(("dcgraph/", "dcgraph-"))}
    assert not strangers


def test_an_installed_wheel_trains_and_samples(wheel, tmp_path):
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, timeout=300)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    program = [sys.executable, str(site / "bin" / "dcgraph")]

    def dcgraph(*arguments):
        return subprocess.run(
            [*program, *arguments],
            check=True,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=300,
        ).stdout

    assert (
        str(site)
        in subprocess.run(
            [sys.executable, "-c", "import dcgraph; print(dcgraph.__file__)"],
            check=True,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
        ).stdout
    )
    assert "AUC" in dcgraph("run", "quickstart", "--epochs", "1")
    dcgraph("sample", "runs/quickstart-s0.h5", "-o", "samples.png")
    assert (tmp_path / "samples.png").stat().st_size > 1000
