"""Whole runs on the CuPy backend: trained, resumed, scored, sampled; held against NumPy's."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
from emulation.arrays import Waits
from emulation.device import EmulatedDevice
from plugin_files import FOLDER

import dcgraph
from dcgraph.backends.cupy.backend import CupyBackend
from dcgraph.contracts.events import BatchEnded, Observer
from dcgraph.data.dataset import dataset_from_arrays
from dcgraph.engine.recorded import RecordingScheduler
from dcgraph.errors import BackendError, InterruptedRunError
from dcgraph.graph.load import load_graph
from dcgraph.plugin.load import plugins_from
from dcgraph.storage.read import read_model
from dcgraph.training.run import run

NODES = {
    "image": {"type": "input", "shape": [7, 6, 1]},
    "fold1": {"type": "folding", "kernel": [2, 3]},
    "gmm1": {"type": "gmm", "components": 9},
    "pool1": {"type": "pooling", "kernel": 2, "ceil": True},
    "fold2": {"type": "folding", "kernel": [3, 1]},
    "gmm2": {"type": "gmm", "components": 4, "delay": 0.25, "share": False},
    "classifier": {"type": "classifier", "classes": 3},
}
EDGES = ["image -> fold1 -> gmm1 -> pool1 -> fold2 -> gmm2 -> classifier"]


def graph(*overrides):
    document = {
        "name": "small",
        "nodes": NODES,
        "forward": EDGES,
        "train": {"epochs": 4, "batch_size": 10, "dtype": "float64"},
    }
    return load_graph(document, overrides=overrides)


@pytest.fixture
def data(random):
    means = random.random((3, 7, 6, 1))
    labels = np.arange(33) % 3
    images = means[labels] + 0.1 * random.standard_normal((33, 7, 6, 1))
    return dataset_from_arrays(images.astype(np.float32), labels, (7, 6, 1))


def assert_same(one, two, *, rtol):
    assert one.step == two.step
    for name, state in two.states.items():
        for part in ("parameters", "optimizer"):
            for key, array in getattr(state, part).items():
                np.testing.assert_allclose(
                    getattr(one.states[name], part)[key],
                    array,
                    rtol=rtol,
                    atol=rtol * max(1.0, float(np.abs(array).max())),
                    err_msg=f"{name} {key}",
                )
        for key, value in state.annealing.items():
            np.testing.assert_allclose(one.states[name].annealing[key], value, rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["em", "sgd"])
@pytest.mark.parametrize("loss", ["max_component", "log_likelihood"])
def test_training(on, data, optimizer, loss):
    chosen = graph(f"train.optimizer.type={optimizer}", f"gmm1.loss={loss}", f"gmm2.loss={loss}")
    here, there = (run(chosen, data, backend=name) for name in ("numpy", "cupy"))
    assert there.provenance["backend"] == "cupy"
    assert_same(there, here, rtol=1e-8)
    for node, metrics in here.metrics.items():
        assert there.metrics[node] == pytest.approx(metrics, rel=1e-6)
    assert all(
        isinstance(a, np.ndarray) for s in there.states.values() for a in s.parameters.values()
    )


def test_single_precision(on, data):
    chosen = graph("train.dtype=float32", "train.epochs=2")
    here, there = (run(chosen, data, backend=name) for name in ("numpy", "cupy"))
    images = data.train.read(np.arange(10))
    for node in ("gmm1", "gmm2"):
        one, two = (
            dcgraph.model.Model(record, backend=name).log_likelihood(images, node)
            for record, name in ((here, "numpy"), (there, "cupy"))
        )
        np.testing.assert_allclose(two, one, rtol=1e-4)


def test_runs_are_repeated_bit_for_bit(on, data):
    one, two = (run(graph("train.epochs=2"), data, backend="cupy") for _ in range(2))
    assert_same(one, two, rtol=0)


class Stop(Observer):
    """Interrupts a run after some steps."""

    def __init__(self, step):
        self.step = step

    def notify(self, event):
        if isinstance(event, BatchEnded) and event.step == self.step:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("first", "second"), [("cupy", "numpy"), ("numpy", "cupy")])
def test_a_run_is_continued_on_another_backend(on, data, tmp_path, first, second):
    whole = run(graph(), data, backend="numpy")
    path = tmp_path / "model.h5"
    with pytest.raises(InterruptedRunError):
        run(graph(), data, output=path, backend=first, observers=[Stop(7)])
    assert read_model(path).step == 7
    assert_same(run(graph(), data, output=path, resume=True, backend=second), whole, rtol=1e-8)


@pytest.fixture
def models(on, data, tmp_path):
    """The same trained model on both backends."""
    path = tmp_path / "model.h5"
    run(graph(), data, output=path, backend="numpy")
    return dcgraph.load(path, backend="numpy"), dcgraph.load(path, backend="cupy")


def test_looking_at_images(models, data):
    images = data.train.read(np.arange(12)).astype(np.float64)
    holes = images.copy()
    holes[::2, 2:4, 1:3] = np.nan
    for x in (images, holes):
        for ask in (
            lambda model, x: model.log_likelihood(x, "gmm1"),
            lambda model, x: model.log_likelihood(x, "gmm2", kind="max_component"),
            lambda model, x: model.log_likelihood(x, kind="loss"),
            lambda model, x: model.log_likelihood_map(x, "gmm1"),
            lambda model, x: model.activities(x, "gmm1"),
            lambda model, x: model.activities(x, "gmm2"),
            lambda model, x: model.predict_proba(x),
            lambda model, x: model.predict(x),
        ):
            here, there = (ask(model, x) for model in models)
            assert isinstance(there, np.ndarray)
            np.testing.assert_allclose(there, here, rtol=1e-9, atol=1e-9)


# Uniform numbers are the same on both backends, normal ones are not: these have none of any size.
STILL = {"divisor": 1e12}


@pytest.mark.parametrize(
    "ask",
    [
        lambda model, x: model.sample(12, seed=3, **STILL),
        lambda model, x: model.sample(12, seed=3, node="gmm1", **STILL),
        lambda model, x: model.sample(5, seed=3, label=1, **STILL),
        lambda model, x: model.sample(4, seed=3, sharpen=5, **STILL),
        lambda model, x: model.variants(x, node="gmm1", seed=1, **STILL),
        lambda model, x: model.inpaint(x, x[0, ..., 0] > x[0].mean(), n=2, seed=1, **STILL),
        lambda model, x: model.inpaint(x, x > 0.5, node="gmm1", seed=1, fill=None, **STILL),
    ],
    ids=["sample", "sample below", "label", "sharpen", "variants", "inpaint", "integrated out"],
)
def test_walking_down(models, data, ask):
    images = data.train.read(np.arange(6)).astype(np.float64)
    here, there = (ask(model, images) for model in models)
    assert isinstance(there, np.ndarray)
    np.testing.assert_allclose(there, here, rtol=1e-7, atol=1e-7)


def test_noise_is_drawn_on_the_device(models):
    _, model = models
    one, two = model.sample(20, seed=1, freeze_at_bound=False), model.sample(20, seed=1, **STILL)
    noise = one - two
    assert noise.std() > 0.01
    np.testing.assert_array_equal(model.sample(7, seed=1, freeze_at_bound=False), one[:7])


def test_patches_are_not_written_while_training(on, data):
    if not isinstance(on.device, EmulatedDevice):
        pytest.skip("a GPU does not say what it has launched")
    counts = []
    for epochs in (1, 3):
        on.device.launched.clear()
        run(graph(f"train.epochs={epochs}"), data, backend="cupy")
        launched = [name.partition("<")[0] for name in on.device.launched]
        counts.append((launched.count("fold"), launched.count("mixture_scores")))
    (folds, scores), (more_folds, more_scores) = counts
    assert more_scores > scores
    assert more_folds == folds  # those of preparing each mixture, once


@contextmanager
def waits_of_each_step(monkeypatch):
    """Yield a list that grows by how often the device was waited for in each train step."""
    counts = []
    train = RecordingScheduler.train

    def counted(self, *args):
        before = Waits.count
        seen = train(self, *args)
        counts.append(Waits.count - before)
        return seen

    monkeypatch.setattr(RecordingScheduler, "train", counted)
    yield counts


@pytest.mark.parametrize(("optimizer", "waits"), [("em", 0), ("sgd", 2)])
def test_a_step_does_not_wait_for_the_device(on, data, monkeypatch, optimizer, waits):
    if not isinstance(on.device, EmulatedDevice):
        pytest.skip("a GPU does not count")
    chosen = graph("train.epochs=2", f"train.optimizer.type={optimizer}")
    with waits_of_each_step(monkeypatch) as counts:
        run(chosen, data, backend="cupy")
    assert counts[-1] == waits


def test_a_graph_that_the_device_cannot_hold_is_refused(data, tmp_path, monkeypatch):
    ops = CupyBackend(EmulatedDevice(tmp_path, bytes=60_000))
    monkeypatch.setattr("dcgraph.training.run.make_backend", lambda *_, **__: ops)
    with pytest.raises(
        BackendError, match=r"in batches of 10, and the cupy device has 59 KiB: make"
    ):
        run(graph("train.batch_size=10"), data, backend="cupy")
    ops = CupyBackend(EmulatedDevice(tmp_path, bytes=1000))
    with pytest.raises(BackendError, match=r"has 1000 bytes: use the numpy backend, or make"):
        run(graph(), data, backend="cupy")


def test_layers_written_for_numpy_run_on_it(on, data):
    plugins = plugins_from([FOLDER / "affine.py"])
    document = {
        "name": "with-plugins",
        "nodes": {
            "image": NODES["image"],
            "scaled": {"type": "affine", "fit": True},
            "fold1": NODES["fold1"],
            "contrast": {"type": "contrast_normalization"},
            "gmm1": NODES["gmm1"],
            "pool1": {"type": "average_pooling", "kernel": 2},
            "gmm2": {"type": "gmm", "components": 4},
        },
        "forward": ["image -> scaled -> fold1 -> contrast -> gmm1 -> pool1 -> gmm2"],
        "train": {"epochs": 2, "batch_size": 10, "dtype": "float64"},
    }
    chosen = load_graph(document, plugins=plugins)
    here, there = (run(chosen, data, backend=b, plugins=plugins) for b in ("numpy", "cupy"))
    assert_same(there, here, rtol=1e-8)
    one, two = (
        dcgraph.model.Model(here, backend=b).sample(4, seed=2, sharpen=2, **STILL)
        for b in ("numpy", "cupy")
    )
    np.testing.assert_allclose(two, one, rtol=1e-7, atol=1e-7)
