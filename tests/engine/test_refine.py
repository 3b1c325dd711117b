"""Sharpening: the gradient of whole paths, and that the ascent ascends."""

from __future__ import annotations

import numpy as np
import pytest
from builders import chain_of, random_mixture, scheduler_of, with_parameters, with_sigma
from differences import assert_gradient

from dcgraph.contracts.windows import Sharpening
from dcgraph.engine.downward import control_plan, sharpening_path
from dcgraph.engine.plan import Refine
from dcgraph.engine.refine import objective, refine
from dcgraph.engine.scheduler import Descent
from dcgraph.layers import Folding, GaussianMixture, Pooling
from dcgraph.signal import Signal

SHAPE = (5, 6, 1)


def deep(ops, rng, *, loss="max_component", share=True):
    """Return a scheduler of a chain with pooling and two mixtures, parameters drawn at random."""
    graph = chain_of(
        SHAPE,
        {
            "fold1": Folding(kernel=2),
            "gmm1": GaussianMixture(components=4, share=share),
            "pool": Pooling(kernel=2, ceil=True),
            "fold2": Folding(kernel=2),
            "gmm2": GaussianMixture(components=9, share=share, loss=loss),
        },
    )
    scheduler = scheduler_of(graph, ops)
    for name in graph.density_nodes:
        sets, components, d = scheduler.states[name].parameters["means"].shape
        drawn = random_mixture(rng, components=components, dimensions=d, sets=sets)
        with_parameters(scheduler, name, **drawn)
        with_sigma(scheduler, name, 0.0)
    return scheduler


def step_of(scheduler, name, *, rate=None, **settings):
    """Return the sharpening step of a node."""
    top = scheduler.graph.topmost()
    chosen = {"rate": rate} if rate is not None else {}
    plan = control_plan(scheduler.graph, top, sharpen={name: Sharpening(**settings, **chosen)})
    (step,) = (step for step in plan.steps if isinstance(step, Refine))
    return step


@pytest.mark.parametrize(
    ("name", "target"),
    [("fold1", "gmm1"), ("fold2", "gmm2"), ("pool", "gmm2"), ("fold1", "gmm2")],
)
@pytest.mark.parametrize("loss", ["max_component", "log_likelihood"])
@pytest.mark.parametrize("sigma", [0.0, 0.7])
def test_the_gradient_of_a_path(ops, rng, name, target, loss, sigma):
    scheduler = deep(ops, rng, loss=loss)
    with_sigma(scheduler, target, sigma)
    path = sharpening_path(scheduler.graph, name, target)
    x = rng.uniform(0, 1, (2, *scheduler.graph[name].input_shapes[0]))
    value, gradient = objective(scheduler, path, Signal(x))
    assert value.shape == (2,)
    assert_gradient(
        gradient, lambda v: objective(scheduler, path, Signal(v))[0].sum(), x, tolerance=1e-5
    )


def test_the_gradient_where_some_of_the_signal_is_missing(ops, rng):
    scheduler = deep(ops, rng, share=False)
    path = sharpening_path(scheduler.graph, "fold1", "gmm2")
    x = rng.uniform(0, 1, (2, *SHAPE))
    known = rng.random(x.shape) < 0.6
    _, gradient = objective(scheduler, path, Signal(x, known))
    assert_gradient(
        gradient,
        lambda v: objective(scheduler, path, Signal(v, known))[0].sum(),
        x,
        tolerance=1e-5,
    )
    assert not gradient[~known].any()


@pytest.mark.parametrize("loss", ["max_component", "log_likelihood"])
@pytest.mark.parametrize("sigma", [0.0, 1.2])
def test_every_step_at_the_automatic_rate_raises_the_loss(ops, rng, loss, sigma):
    """A pixel lies in 144 patches, and all precisions stand at their bound: the worst case."""
    graph = chain_of(
        (28, 28, 1), {"fold": Folding(kernel=12), "gmm": GaussianMixture(components=9, loss=loss)}
    )
    scheduler = scheduler_of(graph, ops)
    with_parameters(scheduler, "gmm", means=rng.uniform(0, 1, (1, 9, 144)))
    with_sigma(scheduler, "gmm", sigma)
    signal = Signal(rng.uniform(-1, 2, (2, 28, 28, 1)))
    one = step_of(scheduler, "fold", sharpen=1)
    assert one.rate == pytest.approx(0.5 / (20 * 144))
    losses = []
    for _ in range(12):
        signal, outcome = refine(scheduler, one, signal)
        losses.append(outcome.before)
    losses.append(outcome.after)
    gains = np.diff(losses, axis=0)
    assert (gains > -1e-6 * np.abs(losses[:-1])).all()
    assert (losses[-1] > losses[0]).all()
    assert np.abs(signal.values).max() < 3


def test_the_outcome_is_the_loss_before_and_after(ops, rng):
    scheduler = deep(ops, rng)
    step = step_of(scheduler, "fold2", sharpen=25)
    start = Signal(rng.uniform(0, 1, (3, 3, 3, 4)))
    refined, outcome = refine(scheduler, step, start)
    for signal, expected in ((start, outcome.before), (refined, outcome.after)):
        np.testing.assert_allclose(objective(scheduler, step.path, signal)[0], expected)
    assert (outcome.after > outcome.before).all()


def test_many_steps_are_as_many_single_ones(ops, rng):
    scheduler = deep(ops, rng)
    start = Signal(rng.uniform(0, 1, (2, *SHAPE)))
    signal = start
    for _ in range(3):
        signal, _ = refine(scheduler, step_of(scheduler, "fold1", sharpen=1, rate=0.01), signal)
    together, _ = refine(scheduler, step_of(scheduler, "fold1", sharpen=3, rate=0.01), start)
    np.testing.assert_allclose(together.values, signal.values)


def test_a_step_is_rate_times_the_gradient_less_the_pull_to_the_start(ops, rng):
    scheduler = deep(ops, rng)
    start = Signal(rng.uniform(0, 1, (2, *SHAPE)))
    first, second = (
        refine(scheduler, step_of(scheduler, "fold1", sharpen=n, rate=0.02, weight=3.0), start)[0]
        for n in (1, 2)
    )
    path = ("fold1", "gmm1")
    expected = start.values + 0.02 * objective(scheduler, path, start)[1]
    np.testing.assert_allclose(first.values, expected)
    pull = 2 * 3.0 * (first.values - start.values)
    expected = first.values + 0.02 * (objective(scheduler, path, first)[1] - pull)
    np.testing.assert_allclose(second.values, expected)


def test_the_rate_means_the_same_for_any_batch(ops, rng):
    scheduler = deep(ops, rng)
    step = step_of(scheduler, "pool", sharpen=10)
    x = rng.uniform(0, 1, (4, 4, 5, 4))
    together = refine(scheduler, step, Signal(x))[0].values
    for i in range(4):
        alone = refine(scheduler, step, Signal(x[i : i + 1]))[0].values
        np.testing.assert_allclose(together[i : i + 1], alone, rtol=1e-8, atol=1e-10)


def test_positions_without_a_signal_stay_as_they_are(ops, rng):
    scheduler = deep(ops, rng)
    known = np.ones((1, *SHAPE), bool)
    known[0, 2:4, 1:5] = False
    start = Signal(np.where(known, rng.uniform(0, 1, (2, *SHAPE)), 0), known)
    refined, _ = refine(scheduler, step_of(scheduler, "fold1", sharpen=5, weight=1.0), start)
    moved = refined.values != start.values
    np.testing.assert_array_equal(moved, np.broadcast_to(known, moved.shape))
    assert refined.known is known


def test_single_precision_stays_single(ops):
    graph = chain_of(
        SHAPE,
        {"fold": Folding(kernel=2), "gmm": GaussianMixture(components=4)},
        dtype="float32",
    )
    scheduler = scheduler_of(graph, ops)
    step = step_of(scheduler, "fold", sharpen=2, weight=0.5)
    refined, _ = refine(scheduler, step, Signal(np.full((2, *SHAPE), 0.5, "f4")))
    assert refined.values.dtype == np.float32


def test_sharpened_samples_have_a_higher_loss(ops, rng):
    scheduler = deep(ops, rng)
    graph = scheduler.graph

    def likelihood(**options):
        plan = control_plan(graph, "gmm2", **options)
        out = scheduler.control(plan, Descent(3, "sample", 0, 6))["image"]
        return objective(scheduler, ("fold1", "gmm1"), out)[0]

    sharp = likelihood(sharpen={"fold1": Sharpening(sharpen=20)})
    assert (sharp > likelihood()).all()
    outcome = scheduler.refinements["fold1"]
    np.testing.assert_allclose(outcome.after, sharp)


def test_a_pooling_node_is_sharpened_where_it_put_its_values(ops, rng):
    graph = chain_of(
        (4, 4, 2),
        {"pool": Pooling(kernel=2, control="sparse"), "gmm": GaussianMixture(components=4)},
    )
    scheduler = scheduler_of(graph, ops)
    with_sigma(scheduler, "gmm", 0.0)
    means = rng.uniform(0.2, 1, (1, 4, 2))
    with_parameters(scheduler, "gmm", means=means, precision_sqrt=np.full_like(means, 2.0))
    plan = control_plan(graph, "gmm", sharpen={"pool": Sharpening(sharpen=30)})
    out = scheduler.control(plan, Descent(0, "sample", 0, 5))["image"]
    known = np.broadcast_to(out.known, out.shape)
    assert known.mean() == 0.25
    assert not out.values[~known].any()
    # every window has come close to a mean
    values = out.values.reshape(5, 2, 2, 2, 2, 2).sum(axis=(2, 4)).reshape(-1, 1, 2)
    assert np.abs(values - means).max(axis=-1).min(axis=-1).max() < 0.1
    outcome = scheduler.refinements["pool"]
    assert (outcome.after > outcome.before).all()
