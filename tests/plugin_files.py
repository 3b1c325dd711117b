"""The plugins of this repository, loaded as a user loads them, and a model that uses them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dcgraph.data.dataset import open_dataset
from dcgraph.graph.load import load_graph
from dcgraph.model import Model
from dcgraph.plugin.load import plugins_from
from dcgraph.plugin.manager import Plugins
from dcgraph.training.run import run

FOLDER = Path(__file__).parents[1] / "plugins"


def loaded(name: str) -> Plugins:
    """Return what is registered with one plugin file loaded."""
    return plugins_from([FOLDER / f"{name}.py"])


def train_on_digits(plugins: Plugins, nodes: Mapping[str, Any], **settings: Any) -> Model:
    """Return a model of a fold, the given nodes, a fold over what is left, and a mixture.

    It is trained on 200 images, for two epochs.
    """
    chain = {
        "image": {"type": "input", "shape": [8, 8, 1]},
        "fold1": {"type": "folding", "kernel": 3},
        **nodes,
    }
    document: dict[str, Any] = {
        "name": "with-plugins",
        "data": {"source": "digits", "limit": 200},
        "nodes": {**chain, "top": {"type": "gmm", "components": 9}},
        "forward": [" -> ".join([*chain, "top"])],
        "train": {"epochs": 2, **settings},
    }
    graph = load_graph(document, plugins=plugins)
    assert graph.data is not None
    dataset = open_dataset(graph.data, (8, 8, 1), None)
    return Model(run(graph, dataset, plugins=plugins))
