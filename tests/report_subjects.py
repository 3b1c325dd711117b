"""Graphs a page can be made of, each trained in about a second, and what a page is about."""

from __future__ import annotations

from typing import Any

from cli_graphs import CLASSIFYING

from dcgraph.data.dataset import open_dataset
from dcgraph.model import Model
from dcgraph.plugin.load import plugins_from
from dcgraph.report.subject import Examined, Subject, Wanted

OUTLIERS = {
    "name": "digits",
    "data": {"source": "digits", "classes": [1, 2, 3, 4, 5, 6, 7, 8, 9], "outliers": [0]},
    "nodes": {
        "image": {"type": "input", "shape": [8, 8, 1]},
        "fold1": {"type": "folding", "kernel": 3},
        "gmm1": {"type": "gmm", "components": 16},
        "fold2": {"type": "folding", "kernel": 6},
        "gmm2": {"type": "gmm", "components": 25, "delay": 0.1},
    },
    "forward": ["image -> fold1 -> gmm1 -> fold2 -> gmm2"],
    "train": {"epochs": 2},
}
# Two mixtures see the same patches; a third sees both, through a node with two inputs.
BRANCHES = {
    "name": "branches",
    "data": {"source": "digits"},
    "nodes": {
        "image": {"type": "input", "shape": [8, 8, 1]},
        "fold1": {"type": "folding", "kernel": 3, "merge": "mean"},
        "gmm1": {"type": "gmm", "components": 9},
        "gmm2": {"type": "gmm", "components": 4, "share": False},
        "both": {"type": "concat", "mode": "channels"},
        "fold2": {"type": "folding", "kernel": 5},
        "gmm3": {"type": "gmm", "components": 9},
    },
    "forward": [
        "image -> fold1 -> gmm1 -> both",
        "fold1 -> gmm2 -> both",
        "both -> fold2 -> gmm3",
    ],
    "train": {"epochs": 1},
}
GRAPHS: dict[str, dict[str, Any]] = {
    "outliers": OUTLIERS,
    "classes": {**CLASSIFYING, "train": {"epochs": 5}},
    "branches": BRANCHES,
}
WANTED = Wanted(samples=9, images=200, seed=3)


def subject_of(model: Model, wanted: Wanted = WANTED) -> Subject:
    """Return a model and test images of its own data."""
    graph = model.graph
    assert graph.data is not None
    test = open_dataset(graph.data, graph["image"].shape, None).test
    assert test is not None
    return Subject(model, plugins_from([]), wanted, Examined.of(test, wanted))
