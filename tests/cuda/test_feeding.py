"""How training images come to a device: batch by batch or all at once, the run is the same."""

from __future__ import annotations

import numpy as np
import pytest
from emulation.device import EmulatedDevice
from emulation.kernel import FORWARD

from dcgraph.backends.cupy.backend import CupyBackend
from dcgraph.data.dataset import dataset_from_arrays
from dcgraph.engine.recorded import RecordingScheduler
from dcgraph.errors import InputError
from dcgraph.graph.load import load_graph
from dcgraph.training import feeding
from dcgraph.training.feeding import HostFeed, ResidentFeed, feed_of
from dcgraph.training.start import new_record, on_device

SHAPE = (5, 4, 1)


def graph(*, labels):
    nodes = {
        "image": {"type": "input", "shape": SHAPE},
        "gmm": {"type": "gmm", "components": 4},
        "classifier": {"type": "classifier", "classes": 3},
    }
    edges = ["image -> gmm -> classifier"]
    if not labels:
        nodes.pop("classifier")
        edges = ["image -> gmm"]
    return load_graph({"name": "small", "nodes": nodes, "forward": edges})


@pytest.fixture
def ops(cupy_ops):
    if isinstance(cupy_ops.device, EmulatedDevice):
        return CupyBackend(EmulatedDevice(cupy_ops.device.folder, (FORWARD,)))
    return cupy_ops


@pytest.fixture
def images(random):
    return random.random((11, *SHAPE)).astype(np.float32)


def fed(ops, images, *, labels=True):
    chosen = graph(labels=labels)
    data = dataset_from_arrays(images, np.arange(11) % 3, SHAPE)
    record = new_record(chosen, ops, steps_per_epoch=1)
    scheduler = RecordingScheduler(chosen, ops, on_device(record.states, ops))
    return feed_of(scheduler, data.train)


@pytest.mark.parametrize("resident", [False, True])
def test_batches_are_what_was_asked_for(ops, images, monkeypatch, resident):
    monkeypatch.setattr(feeding, "BLOCK", 4)  # the images come in three parts
    if not resident:
        monkeypatch.setattr(feeding, "RESIDENT_SHARE", ops.memory)  # room for one byte
    feed = fed(ops, images)
    assert isinstance(feed, ResidentFeed if resident else HostFeed)
    for indices in ([3], [10, 0, 7, 7], range(11)):
        chosen = np.array(indices)
        signal, labels = feed.take(chosen, "batch 1")
        np.testing.assert_array_equal(ops.to_host(signal.values), images[chosen])
        np.testing.assert_array_equal(ops.to_host(labels), chosen % 3)


def test_labels_stay_where_nothing_learns_from_them(ops, images):
    assert fed(ops, images, labels=False).take(np.array([1]), "batch 1")[1] is None


@pytest.mark.parametrize("resident", [False, True])
def test_images_that_are_no_numbers_are_refused(ops, images, monkeypatch, resident):
    if not resident:
        monkeypatch.setattr(feeding, "RESIDENT_SHARE", ops.memory)
    images[7, 2, 1] = np.inf
    with pytest.raises(InputError, match=r"training image 7 holds NaN or infinite pixels \(b.* 1,"):
        fed(ops, images).take(np.array([2, 7]), "batch 1")
