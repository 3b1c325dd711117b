"""What a run tells those who listen, and what happens when one of them fails."""

from __future__ import annotations

from collections import Counter
from types import ModuleType
from typing import ClassVar

import numpy as np
import pytest

from dcgraph.api import (
    BatchEnded,
    EpochEnded,
    Failed,
    Finished,
    NodeBegan,
    NodeEnded,
    Observer,
    Started,
    hookimpl,
)
from dcgraph.data.dataset import dataset_from_arrays
from dcgraph.errors import InputError, PluginError, RunError
from dcgraph.graph.load import load_graph
from dcgraph.model import train
from dcgraph.plugin.manager import Plugin, load_plugins
from dcgraph.storage.read import read_model
from dcgraph.training.run import run

GRAPH = {
    "name": "tiny",
    "nodes": {
        "image": {"type": "input", "shape": [4, 4, 1]},
        "fold1": {"type": "folding", "kernel": 2, "stride": 2},
        "gmm1": {"type": "gmm", "components": 4},
    },
    "forward": ["image -> fold1 -> gmm1"],
    "train": {"epochs": 3, "batch_size": 10},
}


class Notes(Observer):
    type: ClassVar[str] = "notes"
    made: ClassVar[list[Notes]] = []

    def __init__(self):
        self.heard = []
        self.made.append(self)

    def notify(self, event):
        self.heard.append(event)


class NodeNotes(Notes):
    type: ClassVar[str] = "node_notes"
    hears_nodes: ClassVar[bool] = True


@pytest.fixture
def images(rng):
    return rng.random((25, 4, 4, 1)).astype("f4")


def test_every_batch_and_every_epoch_is_told(images):
    notes = Notes()
    train(GRAPH, images, observers=[notes])
    batches = [event for event in notes.heard if isinstance(event, BatchEnded)]
    assert [event.step for event in batches] == list(range(1, 10))
    assert set(batches[0].nodes) == {"gmm1"}
    epochs = [event for event in notes.heard if isinstance(event, EpochEnded)]
    assert [(event.step, event.epoch) for event in epochs] == [(3, 1), (6, 2), (9, 3)]
    assert isinstance(notes.heard[0], Started)
    assert isinstance(notes.heard[-1], Finished)
    assert not any(isinstance(event, NodeBegan | NodeEnded) for event in notes.heard)


def test_nodes_are_told_to_who_asks(images):
    notes, others = NodeNotes(), Notes()
    train(GRAPH, images, observers=[notes, others], epochs=1)
    began = [event for event in notes.heard if isinstance(event, NodeBegan)]
    ended = [event for event in notes.heard if isinstance(event, NodeEnded)]
    assert [(e.step, e.node, e.action) for e in began] == [
        (e.step, e.node, e.action) for e in ended
    ]
    assert all(event.seconds >= 0 for event in ended)
    assert Counter(event.node for event in ended if event.action == "update") == {"gmm1": 3}
    assert [event.action for event in ended if event.step == 3] == [
        "feed",
        "forward",
        "observe",
        "update",
        "constrain",
    ]
    assert not any(isinstance(event, NodeBegan) for event in others.heard)


def test_observers_change_nothing(images):
    means = [
        train(GRAPH, images, observers=observers).record.states["gmm1"].parameters["means"]
        for observers in ((), (NodeNotes(),))
    ]
    np.testing.assert_array_equal(*means)


def test_a_run_that_fails_is_told(images):
    notes = Notes()
    images[7] = np.nan
    with pytest.raises(InputError) as caught:
        train(GRAPH, images, observers=[notes])
    assert isinstance(notes.heard[-1], Failed)
    assert notes.heard[-1].error is caught.value


class Breaks(Observer):
    def notify(self, event):
        if isinstance(event, BatchEnded) and event.step == 5:
            event.step / 0


def test_an_observer_that_fails_is_named_and_the_run_is_saved(images, tmp_path):
    graph, notes = load_graph(GRAPH), Notes()
    data = dataset_from_arrays(images, None, (4, 4, 1))
    path = tmp_path / "m.h5"
    told = "observer 'Breaks' failed when it was told of BatchEnded: ZeroDivisionError: "
    with pytest.raises(RunError, match=told):
        run(graph, data, output=path, observers=[Breaks(), notes])
    assert isinstance(notes.heard[-1], Failed)
    assert read_model(path).step == 4  # the last step whose states have proved finite
    resumed = run(graph, data, output=path, resume=True)
    assert resumed.step == 9


def observing(*kinds):
    module = ModuleType("observing")

    @hookimpl
    def register_observers():
        return list(kinds)

    module.register_observers = register_observers
    return load_plugins([Plugin("observing", "observing", None, "a test", module)])


def test_observers_of_plugins_hear_every_run(images):
    Notes.made.clear()
    data = dataset_from_arrays(images, None, (4, 4, 1))
    for _ in range(2):
        run(load_graph(GRAPH), data, plugins=observing(Notes))
    first, second = Notes.made
    assert isinstance(first.heard[-1], Finished)
    assert isinstance(second.heard[-1], Finished)


def test_an_observer_that_cannot_be_made_is_named_with_its_plugin(images):
    class Wants(Observer):
        type: ClassVar[str] = "wants"

        def __init__(self, what):
            pass

    data = dataset_from_arrays(images, None, (4, 4, 1))
    with pytest.raises(PluginError, match="observer 'wants' of plugin 'observing' cannot be made"):
        run(load_graph(GRAPH), data, plugins=observing(Wants))
