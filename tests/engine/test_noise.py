"""Layers that draw on the way up while a graph is trained."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from builders import chain_of, scheduler_of

from dcgraph.backends.numpy import blocks
from dcgraph.engine.scheduler import Moment
from dcgraph.engine.upward import forward_plan, train_plan
from dcgraph.errors import RunError
from dcgraph.layers import Folding, GaussianMixture
from dcgraph.signal import Signal

SHAPE = (4, 4, 1)


class Noisy(Folding):
    """A folding that adds noise to its input in training."""

    type: ClassVar[str] = "noisy"
    noisy: ClassVar[bool] = True

    def forward_training(self, ops, params, inputs, rng):
        (signal,) = inputs
        noise = rng.normal(*signal.shape[1:], dtype=signal.values.dtype)
        return self.forward(ops, params, [Signal(signal.values + noise)])


class Failing(Folding):
    """A folding that fails."""

    type: ClassVar[str] = "failing"

    def forward(self, ops, params, inputs):
        message = "off by one"
        raise IndexError(message)


def trained(ops, batches, *, seed=3):
    """Return the statistics a mixture above a noisy layer has gathered."""
    graph = chain_of(SHAPE, {"noise": Noisy(kernel=2), "gmm": GaussianMixture(components=4)})
    scheduler = scheduler_of(graph, ops)
    plan = train_plan(graph, active=frozenset({"gmm"}), readings=False)
    seen, first = [], 0
    for batch in batches:
        feed = {"image": scheduler.signal(batch)}
        moment = Moment(0.0, 1.0, seed=seed, first=first)
        seen.append(scheduler.train(plan, feed, None, moment)["gmm"].loss)
        first += len(batch)
    return seen, scheduler


def test_training_draws_and_looking_does_not(ops, rng):
    batch = rng.random((5, *SHAPE))
    (with_noise,), scheduler = trained(ops, [batch])
    (other,), _ = trained(ops, [batch], seed=4)
    assert (with_noise != other).all()
    plan = forward_plan(scheduler.graph, {"gmm": frozenset({"log_likelihood"})})
    feed = {"image": scheduler.signal(batch)}
    looks = [scheduler.forward(plan, feed)["gmm"].log_likelihood for _ in range(2)]
    np.testing.assert_array_equal(*looks)


def test_every_batch_draws_anew(ops, rng):
    batch = rng.random((5, *SHAPE))
    (first, second), _ = trained(ops, [batch, batch])
    assert (first != second).all()


@pytest.mark.parametrize("size", [1, 2**30])
def test_draws_do_not_depend_on_blocks(ops, rng, monkeypatch, size):
    batch = rng.random((5, *SHAPE))
    (expected,), _ = trained(ops, [batch])
    monkeypatch.setattr(blocks, "CACHE_BYTES", size)
    (loss,), _ = trained(ops, [batch])
    np.testing.assert_allclose(loss, expected, rtol=1e-10)


def test_a_failing_layer_is_named_with_its_node(ops, rng):
    graph = chain_of(
        SHAPE,
        {"low": Folding(kernel=1), "bad": Failing(kernel=2), "gmm": GaussianMixture(components=4)},
    )
    scheduler = scheduler_of(graph, ops)
    plan = forward_plan(graph, {"bad": frozenset({"output"})})
    feed = {"image": scheduler.signal(rng.random((1, *SHAPE)))}
    with pytest.raises(RunError, match=r"layer 'failing' failed.*IndexError: off by one") as caught:
        scheduler.forward(plan, feed)
    assert caught.value.problem.node == "bad"
