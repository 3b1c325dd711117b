"""The digits of scikit-learn, and PyTorch, without which there are no judges."""

from __future__ import annotations

import numpy as np
import pytest

from dcgraph.data.dataset import Dataset, open_dataset
from dcgraph.graph.load import load_graph


@pytest.fixture(scope="session")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed: dcgraph[judges]")


@pytest.fixture(scope="session")
def digits() -> Dataset:
    graph = load_graph("F(8,1)-G(4)", overrides=["data.source=digits", "data.limit=600"])
    return open_dataset(graph.data, (8, 8, 1), None)


@pytest.fixture(scope="session")
def images(digits):
    """Training images (600, 8, 8, 1)."""
    return digits.train.read(np.arange(len(digits.train)))
