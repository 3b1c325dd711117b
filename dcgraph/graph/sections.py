"""The sections of a graph file that stand beside the graph: name, plugins, data, train."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from dcgraph.contracts.optimizer import Optimizer
from dcgraph.contracts.source import Source
from dcgraph.errors import PluginError
from dcgraph.graph.document import shown
from dcgraph.graph.faults import Faults
from dcgraph.graph.settings import chosen, keys_of, plugin_settings, settings
from dcgraph.graph.specs import DataSettings, DataSpec, TrainSettings, TrainSpec
from dcgraph.plugin.consent import not_loaded, plugin_name
from dcgraph.plugin.manager import Plugins
from dcgraph.plugin.registry import nearest

TOP_KEYS = ("name", "plugins", "data", "nodes", "forward", "control", "train", "sampling")
DEFAULT_OPTIMIZER = "em"
NAME = re.compile(r"\w[\w .+-]{0,99}")


def check_top_keys(faults: Faults) -> None:
    """Note keys that no graph file has."""
    for key in faults.document.data:
        if key not in TOP_KEYS:
            message = (
                f"unknown key '{key}'{nearest(key, list(TOP_KEYS))} (keys: {', '.join(TOP_KEYS)})"
            )
            faults.add((key,), message)


def read_name(faults: Faults) -> str:
    """Return the graph's name: as given, else that of the file."""
    document = faults.document
    if document.data.get("name") is None:
        return name_from(PurePath(document.file).stem if document.file else "")
    name = document.data["name"]
    if isinstance(name, str) and NAME.fullmatch(name):
        return name
    message = (
        "expected a name that can be part of a file's: letters, digits and `_ . + -`, at most 100 "
        f"characters, received {shown(name)}"
    )
    faults.add(("name",), message)
    return "graph"


def name_from(stem: str) -> str:
    """Return a name for the graph of a file that is called so, without its ending."""
    return re.sub(r"[^\w .+-]|^\W+", "-", stem)[:100].strip("- ") or "graph"


def read_plugins(faults: Faults, plugins: Plugins) -> list[str]:
    """Return the names of plugins the graph wants; nothing is loaded here.

    Raises
    ------
    PluginError
        One of them is not loaded: the user has not said that its code may run.
    """
    value = faults.document.data.get("plugins")
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        faults.add(("plugins",), f"expected a list of names of plugins, received {shown(value)}")
        return []
    for index, name in enumerate(value):
        if plugins.named(plugin_name(name)) is None:
            message = not_loaded(name, faults.document.file)
            found = faults.problem(("plugins", index), message)
            raise PluginError(found.message, file=found.file, line=found.line, field="plugins")
    return list(value)


def read_train(plugins: Plugins, faults: Faults) -> TrainSpec:
    """Return how to train; with the default for what is wrong, so that checks can go on."""
    value = faults.document.data.get("train")
    fallback = plugins.optimizers[DEFAULT_OPTIMIZER]()
    if value is None:
        return TrainSpec(optimizer=fallback)
    if not isinstance(value, dict):
        message = f"expected a mapping, as in {{epochs: 1}}, received {shown(value)}"
        faults.add(("train",), message)
        return TrainSpec(optimizer=fallback)
    plain = {key: item for key, item in value.items() if key not in ("optimizer", "annealing")}
    others = ("optimizer", "annealing")
    made = settings(TrainSettings, plain, ("train",), faults, what="`train`", others=others)
    optimizer: Optimizer | None = fallback
    if "optimizer" in value:
        place = ("train", "optimizer")
        optimizer = plugin_settings(plugins.optimizers, value["optimizer"], place, faults)
    annealing = None
    if value.get("annealing") is not None:
        place = ("train", "annealing")
        annealing = plugin_settings(plugins.annealing, value["annealing"], place, faults)
    return TrainSpec(
        **dict(made or TrainSettings()), optimizer=optimizer or fallback, annealing=annealing
    )


def read_data(plugins: Plugins, faults: Faults) -> DataSpec | None:
    """Return what to train on; None where the graph does not say, or something is wrong."""
    value = faults.document.data.get("data")
    if value is None:
        return None
    choice = chosen(plugins.sources, value, ("data",), faults, key="source")
    kind, rest = choice or (None, value if isinstance(value, dict) else {})
    own = keys_of(DataSettings)
    selection = settings(
        DataSettings,
        {key: item for key, item in rest.items() if key in own},
        ("data",),
        faults,
        what="`data`",
    )
    source = None
    if kind is not None:
        keys = {key: item for key, item in rest.items() if key not in own}
        what = f"data source '{kind.type}'"
        source = settings(kind, keys, ("data",), faults, what=what, others=("source", *own))
    if selection is not None:
        _check_labels(selection, kind, faults)
    if selection is None or source is None:
        return None
    return DataSpec(**dict(selection), source=source)


def training_labels(data: DataSettings, classes: int | None) -> list[int] | None:
    """Return the labels of training images, None where the source does not say what it has."""
    if data.classes is not None:
        return list(data.classes)
    if classes is None:
        return None
    return [label for label in range(classes) if label not in data.outliers]


def _check_labels(data: DataSettings, kind: type[Source] | None, faults: Faults) -> None:
    known = None if kind is None else kind.info.classes
    lists: list[tuple[str, tuple[int, ...]]] = [("outliers", data.outliers)]
    if data.classes is not None:
        lists.insert(0, ("classes", data.classes))
    for key, labels in lists:
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            faults.add(("data", key), f"label {_join(twice)} stands here more than once")
        beyond = [label for label in labels if known is not None and label >= known]
        if beyond and kind is not None and known is not None:
            message = (
                f"data source '{kind.type}' has labels 0 to {known - 1}, received {_join(beyond)}"
            )
            faults.add(("data", key), message)
    both = [label for label in data.classes or () if label in data.outliers]
    if both:
        message = f"label {_join(both)} stands in both classes and outliers: choose one"
        faults.add(("data", "outliers"), message)
    if training_labels(data, known) == []:
        key = "outliers" if data.classes is None else "classes"
        faults.add(("data", key), "no label is left to train on: name at least one in classes")


def _join(labels: list[Any]) -> str:
    return ", ".join(str(label) for label in labels[:10]) + (", ..." if len(labels) > 10 else "")
