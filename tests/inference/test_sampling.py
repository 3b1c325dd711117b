"""Samples against what the model says they are: frequencies, means, variances, streams."""

from __future__ import annotations

import numpy as np
import pytest
from builders import chain_of, graph_of, random_mixture, scheduler_of, with_parameters
from scipy import stats

from dcgraph.contracts.windows import Sharpening
from dcgraph.errors import InputError, RequestError
from dcgraph.inference import sampling
from dcgraph.inference.readout import Readout
from dcgraph.inference.settings import configured
from dcgraph.layers import Classifier, Concat, Folding, GaussianMixture, Input
from dcgraph.signal import Signal

N = 4000


def drawn(scheduler, n, **options):
    return np.concatenate(list(sampling.samples(scheduler, n, **options)))


@pytest.fixture
def single(ops, rng):
    """One mixture of four components over a whole 1x2 image of one channel."""
    graph = chain_of(
        (1, 2, 1), {"fold": Folding(kernel=(1, 2)), "gmm": GaussianMixture(components=4)}
    )
    scheduler = scheduler_of(graph, ops)
    params = random_mixture(rng, components=4, dimensions=2)
    with_parameters(scheduler, "gmm", **params)
    return scheduler, {name: array[0] for name, array in params.items() if array.ndim}


@pytest.fixture
def apart(single):
    """The same with means so far apart that each draw tells its component."""
    scheduler, params = single
    means = np.array([[-90.0, -90], [-90, 90], [90, -90], [90, 90]])
    with_parameters(scheduler, "gmm", means=means[None])
    return scheduler, {**params, "means": means}


def components_of(images, means):
    rows = images.reshape(len(images), 1, -1)
    return np.square(rows - means).sum(axis=2).argmin(axis=1)


def assert_frequencies(components, expected):
    counts = np.bincount(components, minlength=len(expected))
    assert not counts[expected == 0].any()
    kept = expected > 0
    if kept.sum() > 1:
        assert stats.chisquare(counts[kept], len(components) * expected[kept]).pvalue > 1e-3


def test_components_are_drawn_uniformly_where_nothing_stands_above(apart):
    scheduler, params = apart
    assert_frequencies(components_of(drawn(scheduler, N), params["means"]), np.full(4, 0.25))


def test_components_are_drawn_by_their_weights_where_that_is_wanted(apart):
    scheduler, params = apart
    scheduler.graph = configured(scheduler.graph, {"prior": "weights", "top": 0})
    logits = params["weight_logits"]
    expected = np.exp(logits) / np.exp(logits).sum()
    assert_frequencies(components_of(drawn(scheduler, N), params["means"]), expected)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"top": 0}, [0.1, 0.2, 0.3, 0.4]),
        ({"top": 2}, [0, 0, 3 / 7, 4 / 7]),
        ({"top": 0, "power": 2.0}, [1 / 30, 4 / 30, 9 / 30, 16 / 30]),
        ({"selection": 1}, [0, 1, 0, 0]),
    ],
)
def test_components_follow_the_control_signal(apart, settings, expected):
    scheduler, params = apart
    scheduler.graph = configured(scheduler.graph, settings)
    control = np.broadcast_to(np.array([0.1, 0.2, 0.3, 0.4]), (N, 1, 1, 4))
    found = components_of(drawn(scheduler, N, node="gmm", control=control), params["means"])
    assert_frequencies(found, np.array(expected, float))


def test_mean_and_variance_of_every_pixel(single):
    scheduler, params = single
    scheduler.graph = configured(scheduler.graph, {"prior": "weights", "top": 0})
    images = drawn(scheduler, N).reshape(N, 2)
    weights = np.exp(params["weight_logits"]) / np.exp(params["weight_logits"]).sum()
    means, variances = params["means"], params["precision_sqrt"] ** -2.0
    mean = weights @ means
    variance = weights @ (variances + means**2) - mean**2
    centred = means - mean
    fourth = weights @ (3 * variances**2 + 6 * variances * centred**2 + centred**4)
    # four standard errors of the mean and of the variance
    np.testing.assert_array_less(abs(images.mean(axis=0) - mean), 4 * np.sqrt(variance / N))
    error = 4 * np.sqrt((fourth - variance**2) / N)
    np.testing.assert_array_less(abs(images.var(axis=0) - variance), error)


def test_the_divisor_narrows_and_the_bound_freezes(single):
    scheduler, params = single
    scheduler.graph = configured(scheduler.graph, {"selection": 2, "divisor": 4.0})
    images = drawn(scheduler, N).reshape(N, 2)
    expected = 1 / (4 * params["precision_sqrt"][2])
    np.testing.assert_allclose(images.std(axis=0), expected, rtol=0.08)
    bound = np.full((1, 4, 2), np.sqrt(20.0))
    bound[..., 1] = 2.0
    with_parameters(scheduler, "gmm", precision_sqrt=bound)
    images = drawn(scheduler, 50).reshape(50, 2)
    assert np.ptp(images[:, 0]) == 0
    assert np.ptp(images[:, 1]) > 0


def test_overlapping_patches_meet_in_their_mean(ops, rng):
    graph = chain_of(
        (1, 3, 1), {"fold": Folding(kernel=(1, 2)), "gmm": GaussianMixture(components=4)}
    )
    scheduler = scheduler_of(graph, ops)
    with_parameters(scheduler, "gmm", **random_mixture(rng, components=4, dimensions=2))
    scheduler.graph = configured(graph, {"selection": 0, "divisor": 1e9})
    left, right = scheduler.states["gmm"].parameters["means"][0, 0]
    expected = [left, (left + right) / 2, right]
    np.testing.assert_allclose(drawn(scheduler, 1).ravel(), expected, atol=1e-6)


# streams


def deep(ops, *, sharpen=0):
    graph = chain_of(
        (6, 6, 1),
        {
            "fold1": Folding(kernel=3, sampling=Sharpening(sharpen=sharpen)),
            "gmm1": GaussianMixture(components=4),
            "fold2": Folding(kernel=4, sampling=Sharpening(sharpen=sharpen)),
            "gmm2": GaussianMixture(components=9),
        },
        dtype="float32",
    )
    return scheduler_of(graph, ops)


def test_seeds_reproduce_and_differ(ops):
    scheduler = deep(ops)
    first = drawn(scheduler, 5, seed=3)
    np.testing.assert_array_equal(drawn(scheduler, 5, seed=3), first)
    assert not np.isclose(drawn(scheduler, 5, seed=4), first).all(axis=(1, 2, 3)).any()


@pytest.mark.parametrize("batch", [1, 3, 7])
def test_samples_do_not_depend_on_batches(ops, monkeypatch, batch):
    scheduler = deep(ops, sharpen=2)
    expected = drawn(scheduler, 10, seed=3)
    monkeypatch.setattr(sampling, "BATCH", batch)
    np.testing.assert_allclose(drawn(scheduler, 10, seed=3), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(drawn(scheduler, 4, seed=3), expected[:4], rtol=1e-4, atol=1e-6)


def test_samples_come_in_batches_that_are_not_kept(ops):
    batches = sampling.samples(deep(ops), 250)
    assert [len(batch) for batch in batches] == [100, 100, 50]


# variants


def images_of(scheduler, rng, n):
    return scheduler.signal(rng.random((n, 6, 6, 1)))


def test_variants_are_drawn_from_the_activity(ops, rng):
    scheduler = deep(ops)
    signal = images_of(scheduler, rng, 6)
    (found,) = sampling.variants(scheduler, [signal], "gmm2", n=2, seed=5)
    assert found.shape == (2, 6, 6, 6, 1)
    assert not np.array_equal(found[0], found[1])
    layer = scheduler.graph["gmm2"].layer
    inputs = signal
    for name in ("fold1", "gmm1", "fold2"):
        inputs = scheduler.graph[name].layer.forward(ops, scheduler.parameters(name), [inputs])
    activity = layer.forward(ops, scheduler.parameters("gmm2"), [inputs])
    plan = sampling.control_plan(scheduler.graph, "gmm2")
    descent = sampling.Descent(5, "variant 1", 0, 6, Signal(activity.values))
    np.testing.assert_array_equal(sampling.descend(scheduler, plan, descent), found[1])


def test_variants_do_not_depend_on_batches(ops, rng):
    scheduler = deep(ops)
    images = rng.random((6, 6, 6, 1))
    whole = next(sampling.variants(scheduler, [scheduler.signal(images)], "gmm1", n=2, seed=5))
    parts = [scheduler.signal(images[:2]), scheduler.signal(images[2:])]
    pieces = np.concatenate(list(sampling.variants(scheduler, parts, "gmm1", n=2, seed=5)), axis=1)
    np.testing.assert_allclose(pieces, whole, rtol=1e-5, atol=1e-6)


def test_only_mixtures_make_variants(ops):
    graph = deep(ops).graph
    sampling.check_variants(graph, "gmm1")
    with pytest.raises(RequestError, match=r"from node 'fold1' \(nodes that can: gmm1, gmm2\)"):
        sampling.check_variants(graph, "fold1")
    with pytest.raises(RequestError, match="no node 'gmm3'"):
        sampling.check_variants(graph, "gmm3")


# sharpening is read out


def test_the_readout_counts_every_sample_of_every_batch(ops):
    scheduler = deep(ops, sharpen=4)
    readout = Readout()
    drawn(scheduler, 130, readout=readout)
    assert list(readout.nodes) == ["fold2", "fold1"]
    node = readout.nodes["fold1"]
    assert (node.target, node.iterations, len(node.before), len(node.after)) == (
        "gmm1",
        4,
        130,
        130,
    )
    assert node.raised == (node.after > node.before).mean()
    assert node.after.mean() > node.before.mean()
    assert readout.summary()["fold1"]["before"] == pytest.approx(node.before.mean())


def test_the_readout_is_the_loss_of_what_arrives(ops):
    """At the lowest node: of the images themselves, mean over the target's positions."""
    scheduler = deep(ops, sharpen=4)
    means = scheduler.states["gmm2"].parameters["means"]
    with_parameters(scheduler, "gmm2", means=abs(means) + 1)  # a signal at every position
    readout = Readout()
    images = drawn(scheduler, 5, readout=readout)
    folded = scheduler.graph["fold1"].layer.forward(ops, {}, [Signal(images)])
    seen = scheduler.graph["gmm1"].layer.observe(
        ops,
        scheduler.parameters("gmm1"),
        [folded],
        labels=None,
        sigma=scheduler.sigma("gmm1"),
        want=frozenset({"loss"}),
    )
    expected = seen.loss.mean(axis=(1, 2))
    np.testing.assert_allclose(readout.nodes["fold1"].after, expected, rtol=1e-4)


def test_a_readout_says_nothing_where_nothing_is_sharpened(ops):
    readout = Readout()
    drawn(deep(ops), 3, readout=readout)
    assert readout.summary() == {}


# what cannot be


def test_a_request_is_checked_before_anything_is_drawn(ops):
    scheduler = deep(ops)
    with pytest.raises(InputError, match="ask for at least 1"):
        sampling.samples(scheduler, 0)
    with pytest.raises(RequestError, match="no node 'gmm9'"):
        sampling.samples(scheduler, 1, node="gmm9")
    with pytest.raises(RequestError, match="cannot sample from node 'image'"):
        sampling.samples(scheduler, 1, node="image")


def test_a_node_that_draws_nothing_itself(ops):
    with pytest.raises(RequestError, match="nothing to sample at node 'fold1'"):
        drawn(deep(ops), 1, node="fold1")


def test_a_classifier_needs_to_be_told_labels(ops):
    graph = graph_of(
        {
            "image": (Input(shape=(2, 2, 1)), ()),
            "gmm": (GaussianMixture(components=4), ("image",)),
            "join": (Concat(), ("gmm",)),
            "classifier": (Classifier(classes=3), ("join",)),
        }
    )
    with pytest.raises(RequestError, match="give the labels"):
        sampling.samples(scheduler_of(graph, ops), 1, node="classifier")


@pytest.mark.parametrize(
    ("control", "told"),
    [
        (np.ones((2, 1, 1, 9)), r"shape \(3, 1, 1, 9\)"),
        (np.ones((3, 1, 1, 4)), r"received float64 of shape \(3, 1, 1, 4\)"),
        (np.full((3, 1, 1, 9), "a"), "array of numbers"),
        (np.full((3, 1, 1, 9), np.inf), "infinite"),
        (np.full((3, 1, 1, 9), np.nan), "NaN everywhere"),
        (1.0, r"of shape \(\)"),
    ],
)
def test_control_signals_that_do_not_fit(ops, control, told):
    with pytest.raises(InputError, match=told):
        sampling.samples(deep(ops), 3, node="gmm2", control=control)


def test_a_control_signal_may_be_absent_in_places(ops):
    scheduler = deep(ops)
    control = np.zeros((2, 4, 4, 4))
    control[..., 1] = 1
    control[:, 0] = np.nan
    images = drawn(scheduler, 2, node="gmm1", control=control)
    assert not images[:, 0].any()  # pixels that only the patches without a signal cover
    assert images[:, 1:].any(axis=(1, 2, 3)).all()


def test_a_transformation_can_be_started_from_with_a_control_signal(ops):
    scheduler = deep(ops)
    control = np.ones((2, 4, 4, 9))
    np.testing.assert_array_equal(
        drawn(scheduler, 2, node="fold1", control=control), np.ones((2, 6, 6, 1))
    )
