"""The studies that come with the package, and the one in the guide, are sound."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dcgraph.graph.shipped import shipped_graphs, shipped_studies
from dcgraph.plugin.load import installed_plugins
from dcgraph.study.anchors import anchors
from dcgraph.study.columns import columns_of, extent_of
from dcgraph.study.evaluations import evaluations
from dcgraph.study.grid import runs_of
from dcgraph.study.read import read_study

GUIDE = Path(__file__).parents[2] / "docs" / "studies.md"


@pytest.mark.parametrize("name", shipped_studies())
def test_a_shipped_study_is_sound(name):
    plugins = installed_plugins()
    study, document = read_study(shipped_studies()[name], plugins)
    assert study.title
    assert study.name == name.replace("_", "-")
    whole, quick = (
        extent_of(study, columns_of(study, plugins), quick=small).count(study.version(quick=small))
        for small in (False, True)
    )
    assert quick <= whole
    assert len(runs_of(study, document, plugins, quick=True)) == quick


def test_studies_are_not_taken_for_graphs():
    assert shipped_studies()
    assert not [name for name in shipped_graphs() if name.startswith("studies")]


def test_every_shipped_study_stands_in_the_guide():
    told = GUIDE.read_text()
    assert [name for name in shipped_studies() if f"dcgraph study {name}" not in told] == []


def test_the_guides_study_is_sound(grid):
    (example,) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    _, runs = grid(example)
    assert {run.column for run in runs} == {
        f"{data} {classes}" for data in ("mnist", "fashion_mnist") for classes in ("0", "1 2")
    }
    assert {run.graph for run in runs} == {
        "E",
        "soft",
        "own",
        "brightness",
        "nearest_neighbour",
    }


@pytest.mark.parametrize("registry", [evaluations, anchors])
def test_the_guide_names_every_evaluation_and_anchor_with_its_keys(registry):
    told = GUIDE.read_text()
    for name, kind in registry().items():
        assert f"`{name}`" in told
        if registry is evaluations:
            (line,) = [line for line in told.splitlines() if line.startswith(f"| `{name}`")]
            keys = re.findall(r"`(\w+)`", line.rsplit("|", 2)[1])
            assert set(keys) == set(kind.model_fields), name
