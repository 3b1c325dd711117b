"""A small study on the embedded digits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dcgraph.plugin.load import installed_plugins
from dcgraph.study.grid import runs_of
from dcgraph.study.read import parse_study
from dcgraph.study.run import Run
from dcgraph.study.spec import Study

SMALL = """\
name: small
graphs:
  one: "F(8,1)-G(9)"
  two: {graph: "F(3,1)-G(9)-F(6,1)-G(9)", set: {gmm1.precision_max: 5}}
data: [digits]
outliers: [[0]]
seeds: 0..1
set: {data.limit: 300}
quick: {graphs: [one], set: {train.epochs: 0.5}}
evaluate: [metrics]
anchors: [brightness, {type: gaussian_mixture, components: 4}]
paper: {auc: {two: {digits: [0.95, 0.01]}, other: {digits: [0.9]}}}
"""

Grid = Callable[..., tuple[Study, list[Run]]]


@pytest.fixture(name="grid", scope="session")
def grid_fixture() -> Grid:
    """Make a study and its runs of a text."""

    def grid(text: str = SMALL, **settings) -> tuple[Study, list[Run]]:
        plugins = installed_plugins()
        study, document = parse_study(text, plugins, "study.yaml")
        return study, runs_of(study, document, plugins, **settings)

    return grid


@pytest.fixture(scope="session")
def small() -> str:
    return SMALL
