"""Train plans, and what executing them changes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from builders import chain_of, graph_of, scheduler_of

from dcgraph.annealing import Exponential, Stationarity
from dcgraph.contracts.optimizer import Clock
from dcgraph.engine.plan import Constrain, Observe, Update
from dcgraph.engine.scheduler import Moment
from dcgraph.engine.upward import prepare_plan, train_plan
from dcgraph.layers import Classifier, Concat, Folding, GaussianMixture, Input
from dcgraph.optimizers import GradientAscent, StepwiseEM

SHAPE = (6, 6, 1)


def two_mixtures(*, frozen=False, **options):
    return chain_of(
        SHAPE,
        {
            "fold1": Folding(kernel=3),
            "gmm1": GaussianMixture(components=4, trainable=not frozen),
            "fold2": Folding(kernel=2, stride=2),
            "gmm2": GaussianMixture(components=4, delay=0.25),
        },
        **options,
    )


def with_classifier():
    return graph_of(
        {
            "image": (Input(shape=SHAPE), ()),
            "fold1": (Folding(kernel=3), ("image",)),
            "gmm1": (GaussianMixture(components=4), ("fold1",)),
            "fold2": (Folding(kernel=2), ("gmm1",)),
            "gmm2": (GaussianMixture(components=4), ("fold2",)),
            "join": (Concat(), ("gmm1", "gmm2")),
            "classifier": (Classifier(classes=2), ("join",)),
        },
    )


def train(scheduler, batch, *, active=None, labels=None, progress=0.0, readings=False, first=False):
    graph = scheduler.graph
    active = frozenset(graph.trainable if active is None else active)
    feed, moment = {"image": scheduler.signal(batch)}, Moment(progress, 1.0)
    if first:
        scheduler.train(prepare_plan(graph, active), feed, None, moment)
    plan = train_plan(graph, active=active, readings=readings)
    return scheduler.train(plan, feed, labels, moment)


def parameters(scheduler):
    return {
        (name, key): array.copy()
        for name, state in scheduler.states.items()
        for key, array in state.parameters.items()
    }


def changed(before, after):
    """Return the nodes of which any parameter differs."""
    return {name for (name, key), a in before.items() if not np.array_equal(a, after[name, key])}


@pytest.fixture
def batch(rng):
    return rng.random((8, *SHAPE))


def test_every_active_node_is_observed_updated_and_constrained():
    graph = two_mixtures()
    plan = train_plan(graph, active=frozenset({"gmm1", "gmm2"}), readings=False)
    done = [(type(step), step.node) for step in plan.steps if step.node.startswith("gmm")]
    assert done == [
        (kind, name) for name in ("gmm1", "gmm2") for kind in (Observe, Update, Constrain)
    ]
    wants = {step.node: step.want for step in plan.steps if isinstance(step, Observe)}
    assert wants["gmm1"] == {"output", "statistics", "loss"}
    assert wants["gmm2"] == {"statistics", "loss"}


def test_what_feeds_no_active_node_is_left_out():
    plan = train_plan(two_mixtures(), active=frozenset({"gmm1"}), readings=False)
    assert [step.node for step in plan.steps] == ["image", "fold1", *["gmm1"] * 3]
    (observe,) = (step for step in plan.steps if isinstance(step, Observe))
    assert "output" not in observe.want


def test_readings_see_every_node_that_learns():
    plan = train_plan(two_mixtures(), active=frozenset({"gmm1"}), readings=True)
    wants = {step.node: step.want for step in plan.steps if isinstance(step, Observe)}
    assert "log_likelihood" in wants["gmm2"]
    assert {step.node for step in plan.steps if isinstance(step, Update)} == {"gmm1"}


@pytest.mark.parametrize(
    ("fresh", "expected"),
    [
        ({"gmm1"}, ["gmm1 prepare"]),
        ({"gmm2"}, ["gmm1 observe", "gmm2 prepare"]),
        ({"gmm1", "gmm2"}, ["gmm1 prepare", "gmm1 observe", "gmm2 prepare"]),
    ],
)
def test_fresh_nodes_are_prepared_bottom_up_and_nothing_else_is_done(fresh, expected):
    plan = prepare_plan(two_mixtures(), frozenset(fresh))
    done = [f"{step.node} {step.action}" for step in plan.steps if step.node.startswith("gmm")]
    assert done == expected
    assert all(s.want == {"output"} for s in plan.steps if isinstance(s, Observe))


@pytest.mark.parametrize("active", [(), ("gmm1",), ("gmm2",), ("gmm1", "gmm2")])
def test_only_active_nodes_change(ops, batch, active):
    scheduler = scheduler_of(two_mixtures(), ops)
    before = parameters(scheduler)
    train(scheduler, batch, active=active, readings=True)
    assert changed(before, parameters(scheduler)) == set(active)
    for name in ("gmm1", "gmm2"):
        assert scheduler.states[name].updates == (name in active)


def test_a_frozen_node_stays_bit_for_bit_and_still_feeds_others(ops, batch):
    scheduler = scheduler_of(two_mixtures(frozen=True), ops)
    before = parameters(scheduler)
    for _ in range(3):
        seen = train(scheduler, batch, readings=True, first=True)
    assert changed(before, parameters(scheduler)) == {"gmm2"}
    assert "gmm2" in seen


def test_activities_go_up_as_they_were_before_the_update(ops, batch):
    together, alone = (scheduler_of(two_mixtures(), ops) for _ in range(2))
    train(together, batch)
    train(alone, batch, active=("gmm2",))
    for key, array in alone.states["gmm2"].parameters.items():
        np.testing.assert_array_equal(array, together.states["gmm2"].parameters[key])


def test_an_old_state_is_kept_whole_by_who_holds_it(ops, batch):
    scheduler = scheduler_of(two_mixtures(), ops)
    held = dict(scheduler.states)
    before = parameters(scheduler)
    carried = {k: v.copy() for k, v in held["gmm1"].optimizer.items()}
    train(scheduler, batch)
    for (name, key), array in before.items():
        np.testing.assert_array_equal(held[name].parameters[key], array)
    for key, array in carried.items():
        np.testing.assert_array_equal(held["gmm1"].optimizer[key], array)
    assert held["gmm1"].updates == 0


class Recording(StepwiseEM):
    """EM that keeps the clocks it is given."""

    clocks: ClassVar[list[Clock]] = []

    def step(self, ops, layer, params, statistics, state, clock):
        self.clocks.append(clock)
        return super().step(ops, layer, params, statistics, state, clock)


def test_optimizers_are_told_where_a_node_stands(ops, batch, monkeypatch):
    monkeypatch.setattr(Recording, "clocks", [])
    rules = {"gmm1": Recording()}
    scheduler = scheduler_of(two_mixtures(optimizer=rules, annealing=Stationarity()), ops)
    plan = train_plan(scheduler.graph, active=frozenset({"gmm1"}), readings=False)
    feed = {"image": scheduler.signal(batch)}
    state = scheduler.states["gmm1"]
    for fraction in (1.0, 0.25):
        scheduler.train(plan, feed, None, Moment(0.5, fraction))
    scheduler.states["gmm1"].annealing.update(decay=0.5, sigma=0.125)
    scheduler.train(plan, feed, None, Moment(0.5, 1.0))
    width = state.annealing["sigma"]
    assert Recording.clocks == [
        Clock(updates=0, fraction=1.0, sigma=width, decay=1.0),
        Clock(updates=1, fraction=0.25, sigma=width, decay=1.0),
        Clock(updates=2, fraction=1.0, sigma=0.125, decay=0.5),
    ]


def test_annealing_counts_from_the_end_of_the_delay(ops, batch):
    scheduler = scheduler_of(two_mixtures(annealing=Exponential(duration=0.5)), ops)
    start = scheduler.sigma("gmm2")
    train(scheduler, batch, progress=0.25)
    assert scheduler.sigma("gmm2") == start
    expected = start * (0.01 / start) ** 0.5
    assert scheduler.sigma("gmm1") == pytest.approx(expected)
    train(scheduler, batch, progress=0.5)
    assert scheduler.sigma("gmm2") == pytest.approx(expected)


@pytest.mark.parametrize("optimizer", [StepwiseEM(), GradientAscent(rate=0.05)])
@pytest.mark.parametrize("loss", ["max_component", "log_likelihood"])
@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_raises_the_loss(ops, batch, optimizer, loss, share, dtype):
    graph = chain_of(
        SHAPE,
        {
            "fold": Folding(kernel=3),
            "gmm": GaussianMixture(components=4, loss=loss, share=share),
        },
        optimizer=optimizer,
        dtype=dtype,
    )
    scheduler = scheduler_of(graph, ops)
    losses = [
        float(train(scheduler, batch, progress=i / 40, first=i == 0)["gmm"].loss.mean())
        for i in range(40)
    ]
    assert np.isfinite(losses).all()
    assert losses[-1] > losses[0] + 1
    for array in scheduler.states["gmm"].parameters.values():
        assert array.dtype == dtype
        assert np.isfinite(array).all()
    r = scheduler.states["gmm"].parameters["precision_sqrt"]
    assert r.min() >= 1e-3
    assert r.max() <= np.sqrt(20) * (1 + 1e-6)


@pytest.mark.parametrize("optimizer", [StepwiseEM(), GradientAscent()])
def test_pixels_of_large_mean_and_small_spread(ops, rng, optimizer):
    """Without an offset, variances would come out negative in single precision."""
    graph = chain_of(
        SHAPE,
        {"fold": Folding(kernel=3), "gmm": GaussianMixture(components=4)},
        optimizer=optimizer,
        dtype="float32",
    )
    far, near = scheduler_of(graph, ops), scheduler_of(graph, ops)
    for i in range(10):
        pixels = 0.1 * rng.standard_normal((8, *SHAPE))
        pixels -= pixels.mean()
        train(far, 200 + pixels, progress=i / 10, first=i == 0)
        train(near, pixels, progress=i / 10, first=i == 0)
    ours, expected = (s.states["gmm"].parameters for s in (far, near))
    np.testing.assert_allclose(ours["means"] - 200, expected["means"], atol=5e-3)
    np.testing.assert_allclose(ours["precision_sqrt"], expected["precision_sqrt"], rtol=5e-3)
    likelihoods = [
        float(train(s, m + pixels, active=(), readings=True)["gmm"].log_likelihood.mean())
        for s, m in ((far, 200), (near, 0))
    ]
    assert likelihoods[0] == pytest.approx(likelihoods[1], abs=0.05)


@pytest.mark.parametrize("optimizer", [StepwiseEM(), GradientAscent()])
@pytest.mark.parametrize("share", [True, False])
def test_training_on_images_with_unknown_pixels(ops, rng, optimizer, share):
    graph = chain_of(
        SHAPE,
        {"fold": Folding(kernel=3), "gmm": GaussianMixture(components=4, share=share)},
        optimizer=optimizer,
    )
    scheduler = scheduler_of(graph, ops)
    for i in range(10):
        pixels = rng.random((8, *SHAPE))
        pixels[rng.random(pixels.shape) < 0.4] = np.nan
        pixels[0] = np.nan
        pixels[:, :3, :3] = np.nan  # a position that never knows anything
        train(scheduler, pixels, progress=i / 10, first=i == 0)
    for array in scheduler.states["gmm"].parameters.values():
        assert np.isfinite(array).all()


@pytest.mark.parametrize("optimizer", [StepwiseEM(), GradientAscent()])
def test_a_batch_that_knows_nothing_teaches_nothing(ops, optimizer):
    graph = chain_of(
        SHAPE,
        {"fold": Folding(kernel=3), "gmm": GaussianMixture(components=4)},
        optimizer=optimizer,
    )
    scheduler = scheduler_of(graph, ops)
    before = parameters(scheduler)
    train(scheduler, np.full((3, *SHAPE), np.nan), first=True)
    assert changed(before, parameters(scheduler)) == set()
    assert scheduler.states["gmm"].updates == 0


def test_a_classifier_learns_labels_from_two_layers(ops, rng):
    graph = with_classifier()
    scheduler = scheduler_of(graph, ops)
    labels = np.arange(30) % 2
    pixels = 0.3 * rng.random((30, *SHAPE))
    pixels[labels == 1, :3] += 0.7
    losses = [
        float(train(scheduler, pixels, labels=labels, progress=i / 60)["classifier"].loss.mean())
        for i in range(60)
    ]
    assert losses[-1] > losses[0] + 0.1
    seen = train(scheduler, pixels, labels=labels, active=("gmm1",), readings=True)
    assert set(seen) == {"gmm1", "gmm2", "classifier"}


def test_training_repeats_bit_for_bit(ops, batch):
    runs = []
    for _ in range(2):
        scheduler = scheduler_of(two_mixtures(dtype="float32"), ops)
        for i in range(4):
            train(scheduler, batch, progress=i / 4)
        runs.append(parameters(scheduler))
    assert changed(*runs) == set()
