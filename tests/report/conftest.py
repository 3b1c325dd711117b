"""Models a page can be made of."""

from __future__ import annotations

import pytest
from report_subjects import GRAPHS, subject_of

import dcgraph
from dcgraph.model import Model
from dcgraph.report.subject import Subject


@pytest.fixture(scope="session")
def models() -> dict[str, Model]:
    return {name: dcgraph.train(graph) for name, graph in GRAPHS.items()}


@pytest.fixture(scope="session")
def subjects(models: dict[str, Model]) -> dict[str, Subject]:
    return {name: subject_of(model) for name, model in models.items()}
