"""Training steps that are recorded and replayed, beside the same steps executed one by one."""

from __future__ import annotations

import gc
from weakref import ref

import numpy as np
import pytest
from emulation.device import EmulatedDevice
from emulation.kernel import FORWARD

from dcgraph.backends.cupy.backend import CupyBackend
from dcgraph.contracts.varying import Varying, derived, settled
from dcgraph.engine.ledger import BANK, StepLedger
from dcgraph.engine.recorded import RecordingScheduler
from dcgraph.engine.scheduler import Moment, Scheduler
from dcgraph.engine.upward import prepare_plan, train_plan
from dcgraph.errors import RunError
from dcgraph.graph.load import load_graph
from dcgraph.layers import GaussianMixture
from dcgraph.training.start import new_record, on_device, on_host

NODES = {
    "image": {"type": "input", "shape": [5, 4, 1]},
    "fold1": {"type": "folding", "kernel": [2, 3]},
    "gmm1": {"type": "gmm", "components": 9},
    "pool1": {"type": "pooling", "kernel": 2, "ceil": True},
    "gmm2": {"type": "gmm", "components": 4, "share": False},
    "classifier": {"type": "classifier", "classes": 3},
}
STEPS = 14


@pytest.fixture
def ops(cupy_ops):
    if isinstance(cupy_ops.device, EmulatedDevice):  # one order will do: kernels have had all
        return CupyBackend(EmulatedDevice(cupy_ops.device.folder, (FORWARD,)))
    return cupy_ops


def graph(*overrides):
    document = {
        "name": "small",
        "nodes": NODES,
        "forward": ["image -> fold1 -> gmm1 -> pool1 -> gmm2 -> classifier"],
        "train": {"batch_size": 6, "dtype": "float64"},
    }
    return load_graph(document, overrides=overrides)


class Steps:
    """Some steps of a run, with a scheduler of one kind or the other."""

    def __init__(self, kind, graph, ops):
        record = new_record(graph, ops, steps_per_epoch=STEPS)
        self.scheduler = kind(graph, ops, on_device(record.states, ops))
        self.graph, self.ops = graph, ops
        self.plans = {}

    def take(self, first, last, *, active=("gmm1", "gmm2", "classifier")):
        rng = np.random.default_rng(3)
        images, labels = rng.random((STEPS, 6, 5, 4, 1)), rng.integers(3, size=(STEPS, 6))
        for step in range(first, last):
            n = 4 if step % 5 == 4 else 6  # now and then a short batch
            fed = self.scheduler.signal(images[step, :n])
            answers = self.ops.asarray(labels[step, :n])
            feed = self.scheduler.feed(fed, answers)
            moment = Moment(step / STEPS, n / 6)
            if not step:
                plan = prepare_plan(self.graph, frozenset(active))
                self.scheduler.train(plan, feed, None, moment)
            key = (active, step % 3 == 0)
            if key not in self.plans:
                self.plans[key] = train_plan(self.graph, active=frozenset(active), readings=key[1])
            seen = self.scheduler.train(self.plans[key], feed, answers, moment)
            names, losses = self.scheduler.mean_losses(seen)
        return dict(zip(names, self.ops.to_host(losses), strict=True))

    def states(self):
        return on_host(self.scheduler.states, self.ops)


def assert_same_states(one, two):
    for name, state in two.items():
        assert one[name].updates == state.updates
        assert one[name].annealing == pytest.approx(state.annealing, rel=1e-9, nan_ok=True)
        for part in ("parameters", "optimizer"):
            for key, array in getattr(state, part).items():
                np.testing.assert_allclose(
                    getattr(one[name], part)[key], array, rtol=1e-10, atol=1e-12, err_msg=key
                )


@pytest.mark.parametrize("optimizer", ["em", "sgd"])
@pytest.mark.parametrize("annealing", ["{type: exponential, duration: 0.5}", "stationarity"])
def test_replays_are_the_steps(ops, optimizer, annealing):
    chosen = graph(f"train.optimizer={optimizer}", f"train.annealing={annealing}")
    plain, replayed = (Steps(kind, chosen, ops) for kind in (Scheduler, RecordingScheduler))
    for first in range(0, STEPS, 2):
        losses = [steps.take(first, first + 2) for steps in (plain, replayed)]
        assert losses[1] == pytest.approx(losses[0], rel=1e-9)
    assert_same_states(replayed.states(), plain.states())
    assert sum(map(len, replayed.scheduler._recorded.values())) >= 2


def test_nodes_that_wait_their_turn(ops):
    both = [Steps(kind, graph(), ops) for kind in (Scheduler, RecordingScheduler)]
    for steps in both:
        steps.take(0, 6, active=("gmm1",))
        steps.take(6, STEPS)
    assert_same_states(both[1].states(), both[0].states())


def test_a_snapshot_stays_as_it_was(ops):
    steps = Steps(RecordingScheduler, graph(), ops)
    steps.take(0, 8)
    kept = steps.scheduler.snapshot()
    before = on_host(kept, ops)
    steps.take(8, STEPS)
    assert_same_states(on_host(kept, ops), before)
    moved = steps.states()["gmm1"].parameters["means"]
    assert not np.array_equal(moved, before["gmm1"].parameters["means"])


def test_states_can_be_put_back(ops):
    steps = Steps(RecordingScheduler, graph(), ops)
    steps.take(0, 8)
    kept = steps.scheduler.snapshot()
    steps.take(8, STEPS)
    once = steps.states()
    steps.scheduler.states = kept
    steps.take(8, STEPS)
    assert_same_states(steps.states(), once)


def test_recordings_go_with_their_scheduler(ops):
    steps = Steps(RecordingScheduler, graph(), ops)
    steps.take(0, 8)
    assert any(steps.scheduler._recorded.values())
    gone = ref(steps.scheduler)
    gc.collect()
    gc.disable()
    try:
        del steps
        assert gone() is None  # its memory does not wait for the collector
    finally:
        gc.enable()


@pytest.mark.parametrize("why", ["layer", "optimizer", "mask", "watch"])
def test_what_cannot_be_recorded_is_executed(ops, monkeypatch, why):
    chosen = graph()
    steps = Steps(RecordingScheduler, chosen, ops)
    if why == "layer":
        monkeypatch.setattr(type(chosen["pool1"].layer), "recordable", False)
    if why == "optimizer":
        monkeypatch.setattr(type(chosen["gmm1"].optimizer), "recordable", False)
    if why == "mask":
        signal = steps.scheduler.signal

        def holed(images):
            images[:, 0, 0] = np.nan
            return signal(images)

        monkeypatch.setattr(steps.scheduler, "signal", holed)
    if why == "watch":
        monkeypatch.setattr(steps.scheduler, "watch", lambda step: pytest.MonkeyPatch.context())
    steps.take(0, 8)
    assert not any(steps.scheduler._recorded.values())


def test_a_number_that_changes_cannot_be_computed_with(ops, monkeypatch):
    observed = GaussianMixture.observed

    def careless(self, ops, params, look, sigma, want):
        return observed(self, ops, params, look, 0.5 * sigma, want)

    monkeypatch.setattr(GaussianMixture, "observed", careless)
    with pytest.raises(RunError, match="'float' and 'Varying'"):
        Steps(RecordingScheduler, graph(), ops).take(0, 8)


def half(scale, number):
    return scale * number / 2


def line(length, number):
    return np.arange(length) * number


def large(limit, number):
    return number > limit


def test_a_ledger_answers_for_each_step(ops):
    numbers = {"a": 2.0, "b": 3.0}
    ledger = StepLedger(ops, numbers)
    a, b = (Varying(name, ledger) for name in numbers)
    one = derived(ops, a, half, 10.0, dtype=np.float64)
    same = derived(ops, a, half, 10.0, dtype=np.float64)
    other = derived(ops, b, half, 10.0, dtype=np.float32)
    array = derived(ops, b, line, 3, dtype=np.float64)
    assert same is one
    assert not settled(a, large, 5)
    for numbers in ({"a": 2.0, "b": 3.0}, {"a": 4.0, "b": -1.0}):
        assert ledger.covers(numbers)
        ledger.fill(numbers)
        assert float(one) == 5 * numbers["a"]
        assert float(other) == 5 * numbers["b"]
        np.testing.assert_array_equal(ops.to_host(array), np.arange(3) * numbers["b"])
    assert not ledger.covers({"a": 6.0, "b": 0.0})


def test_a_ledger_has_room_for_many_numbers(ops):
    ledger = StepLedger(ops, {"a": 1.0})
    slots = [
        derived(ops, Varying("a", ledger), half, float(k), dtype=np.float64)
        for k in range(2 * BANK + 1)
    ]
    ledger.fill({"a": 3.0})
    assert [float(slot) for slot in slots] == [1.5 * k for k in range(2 * BANK + 1)]


def test_plain_numbers_are_computed_at_once(ops):
    assert derived(ops, 3.0, half, 10.0, dtype=np.float32) == 15.0
    assert settled(6.0, large, 5)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 5), (5, 2)),
        ((1, 1), (1, 1)),
        ((4, 3, 5), (4, 5, 2)),
        ((1, 3, 5), (4, 5, 2)),
        ((3, 5), (4, 5, 2)),
        ((4, 3, 5), (5, 2)),
        ((0, 5), (5, 2)),
        ((3, 0), (0, 2)),
    ],
)
@pytest.mark.parametrize("transposed", [False, True])
def test_products(ops, random, dtype, a, b, transposed):
    def made(shape):
        if not transposed:
            return random.standard_normal(shape).astype(dtype)
        return random.standard_normal((*shape[:-2], shape[-1], shape[-2])).astype(dtype)

    left, right = made(a), made(b)
    there = [ops.asarray(left), ops.asarray(right)]
    if transposed:
        left, right = left.swapaxes(-1, -2), right.swapaxes(-1, -2)
        there = [each.swapaxes(-1, -2) for each in there]
    got = ops.to_host(ops.matmul(*there))
    np.testing.assert_allclose(got, left @ right, rtol=1e-5 if dtype == np.float32 else 1e-12)
