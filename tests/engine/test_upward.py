"""Forward plans: what is computed, in which order, what is deferred and freed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import chain_of, graph_of, scheduler_of
from hypothesis import given
from hypothesis import strategies as st

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.engine.plan import Feed, Forward, Observe, Plan
from dcgraph.engine.upward import forward_plan
from dcgraph.layers import Classifier, Concat, Folding, GaussianMixture, Input, Pooling

LIKELIHOOD, OUTPUT = frozenset({"log_likelihood"}), frozenset({"output"})


def dag(**options):
    """Two mixtures, both read by a classifier; the lower one is read by a folding, too."""
    return graph_of(
        {
            "image": (Input(shape=(6, 5, 2)), ()),
            "fold1": (Folding(kernel=2), ("image",)),
            "gmm1": (GaussianMixture(components=4), ("fold1",)),
            "pool": (Pooling(kernel=2, ceil=True), ("gmm1",)),
            "fold2": (Folding(kernel=2), ("pool",)),
            "gmm2": (GaussianMixture(components=9), ("fold2",)),
            "join": (Concat(), ("gmm1", "gmm2")),
            "classifier": (Classifier(classes=3), ("join",)),
        },
        **options,
    )


def images(rng, n=4, shape=(6, 5, 2)):
    return rng.random((n, *shape))


def names(plan, kind=object):
    return [step.node for step in plan.steps if isinstance(step, kind)]


def deferred(plan):
    return {step.node for step in plan.steps if isinstance(step, Forward) and step.deferred}


def undeferred(plan):
    """Return the plan computing everything where it stands, freeing nothing."""
    return Plan(
        plan.kind,
        tuple(
            replace(step, frees=(), **({"deferred": False} if isinstance(step, Forward) else {}))
            for step in plan.steps
        ),
    )


def test_nothing_more_than_wanted_is_computed():
    plan = forward_plan(dag(), {"gmm2": LIKELIHOOD})
    assert names(plan) == ["image", "fold1", "gmm1", "pool", "fold2", "gmm2"]
    wants = {step.node: step.want for step in plan.steps if isinstance(step, Observe)}
    assert wants == {"gmm1": OUTPUT, "gmm2": LIKELIHOOD}


def test_a_node_below_is_observed_for_itself_and_for_its_readers():
    plan = forward_plan(dag(), {"gmm1": LIKELIHOOD, "gmm2": LIKELIHOOD})
    wants = {step.node: step.want for step in plan.steps if isinstance(step, Observe)}
    assert wants == {"gmm1": LIKELIHOOD | OUTPUT, "gmm2": LIKELIHOOD}


def test_an_empty_want_asks_for_nothing():
    assert forward_plan(dag(), {"gmm2": frozenset()}).steps == ()


def test_each_node_is_observed_once():
    plan = forward_plan(dag(), {"classifier": OUTPUT, "gmm1": LIKELIHOOD})
    assert sorted(names(plan)) == sorted(set(names(plan)))
    assert names(plan)[0] == "image"
    assert isinstance(plan.steps[0], Feed)


def test_transformations_are_deferred_to_a_single_reader_in_blocks():
    assert deferred(forward_plan(dag(), {"gmm2": LIKELIHOOD})) == {"fold1", "pool", "fold2"}
    assert deferred(forward_plan(dag(), {"classifier": OUTPUT})) == {
        "fold1",
        "pool",
        "fold2",
        "join",
    }


def test_what_is_kept_or_read_twice_is_not_deferred():
    kept = forward_plan(dag(), {"gmm2": LIKELIHOOD, "pool": OUTPUT, "fold1": OUTPUT})
    assert deferred(kept) == {"fold2"}
    shared = graph_of(
        {
            "image": (Input(shape=(4, 4, 1)), ()),
            "fold": (Folding(kernel=2), ("image",)),
            "a": (GaussianMixture(components=4), ("fold",)),
            "b": (GaussianMixture(components=4), ("fold",)),
        }
    )
    both = {"a": LIKELIHOOD, "b": LIKELIHOOD}
    assert deferred(forward_plan(shared, both)) == set()
    assert deferred(forward_plan(shared, {"a": LIKELIHOOD})) == {"fold"}


def test_what_a_whole_computation_reads_is_not_deferred():
    graph = graph_of(
        {
            "image": (Input(shape=(4, 4, 1)), ()),
            "low": (Folding(kernel=2), ("image",)),
            "high": (Folding(kernel=2), ("low",)),
            "gmm": (GaussianMixture(components=4), ("high",)),
        }
    )
    assert deferred(forward_plan(graph, {"high": OUTPUT})) == set()
    assert deferred(forward_plan(graph, {"gmm": LIKELIHOOD})) == {"low", "high"}


@pytest.mark.parametrize(
    "wants",
    [
        {"gmm2": LIKELIHOOD},
        {"gmm1": OUTPUT, "classifier": OUTPUT},
        {"classifier": OUTPUT, "gmm2": LIKELIHOOD | OUTPUT, "pool": OUTPUT, "image": OUTPUT},
    ],
)
def test_buffers_are_freed_once_after_their_last_reader(wants):
    graph = dag()
    plan = forward_plan(graph, wants)
    freed: dict[str, int] = {}
    for index, step in enumerate(plan.steps):
        assert not set(step.reads) & set(freed), "a step reads what is gone"
        for name in step.frees:
            assert name not in freed
            freed[name] = index
    kept = {name for name, want in wants.items() if "output" in want}
    written = {name for step in plan.steps for name in step.writes}
    assert set(freed) == written - kept
    # a deferred buffer reads its sources only when it is read itself
    for index, step in enumerate(plan.steps):
        if isinstance(step, Forward) and step.deferred:
            reader = max(i for i, s in enumerate(plan.steps) if step.node in s.reads)
            assert all(freed.get(source, len(plan.steps)) >= reader for source in step.reads)
            assert reader > index


@given(st.sets(st.sampled_from(sorted(dag().nodes)), min_size=1), st.booleans())
def test_deferred_plans_yield_the_same_numbers(ops, wanted, quantities):
    graph = dag()
    scheduler = scheduler_of(graph, ops)
    feed = {"image": scheduler.signal(images(np.random.default_rng(1)))}
    wants = {
        name: OUTPUT | (LIKELIHOOD if quantities and graph[name].is_density else frozenset())
        for name in wanted
    }
    plan = forward_plan(graph, wants)
    fast, plain = (scheduler.forward(p, feed) for p in (plan, undeferred(plan)))
    assert wanted <= set(fast)
    for name, seen in fast.items():
        if seen.output is not None:
            np.testing.assert_array_equal(seen.output.values, plain[name].output.values)
        if seen.log_likelihood is not None:
            np.testing.assert_allclose(seen.log_likelihood, plain[name].log_likelihood, rtol=1e-12)


def test_only_what_is_wanted_is_returned(ops, rng):
    graph = dag()
    scheduler = scheduler_of(graph, ops)
    feed = {"image": scheduler.signal(images(rng))}
    seen = scheduler.forward(forward_plan(graph, {"pool": OUTPUT}), feed)
    assert seen["pool"].output.shape == (4, 3, 2, 4)
    passive = {name for name in seen if not isinstance(graph[name].layer, TrainableLayer)}
    assert passive == {"pool"}


def test_the_numbers_are_those_of_the_layers_by_hand(ops, rng):
    graph = dag()
    scheduler = scheduler_of(graph, ops)
    signal = scheduler.signal(images(rng))
    values = {"image": signal}
    for name, node in graph.nodes.items():
        if node.inputs:
            inputs = [values[source] for source in node.inputs]
            values[name] = node.layer.forward(ops, scheduler.parameters(name), inputs)
    wants = dict.fromkeys(graph.nodes, OUTPUT)
    seen = scheduler.forward(forward_plan(graph, wants), {"image": signal})
    for name, expected in values.items():
        assert expected.shape == (4, *graph[name].shape)
        np.testing.assert_allclose(seen[name].output.values, expected.values, rtol=1e-12)


def test_unknown_pixels_go_up_through_the_whole_graph(ops, rng):
    graph = dag()
    scheduler = scheduler_of(graph, ops)
    x = images(rng)
    x[0, :3, :3] = np.nan
    x[1] = np.nan
    signal = scheduler.signal(x)
    assert np.isfinite(signal.values).all()
    wants = {"gmm1": OUTPUT | LIKELIHOOD, "gmm2": OUTPUT | LIKELIHOOD, "classifier": OUTPUT}
    seen = scheduler.forward(forward_plan(graph, wants), {"image": signal})
    known = seen["gmm1"].output.known[..., 0]
    assert known[2:].all()
    assert not known[1].any()
    unknown = np.zeros((5, 4), bool)
    unknown[:2, :2] = True  # the patches that lie in the unknown corner
    np.testing.assert_array_equal(~known[0], unknown)
    for name in ("gmm1", "gmm2"):
        assert np.isfinite(seen[name].output.values).all()
        np.testing.assert_array_equal(seen[name].log_likelihood[1], 0)
    assert np.isfinite(seen["classifier"].output.values).all()


def test_masks_say_what_is_known(ops):
    scheduler = scheduler_of(dag(), ops)
    x = np.ones((2, 6, 5, 2))
    x[0, 0, 0, 0] = np.nan
    mask = np.ones((1, 6, 5, 1), np.uint8)
    mask[0, 1, 1] = 0
    signal = scheduler.signal(x, mask)
    expected = np.ones(x.shape, bool)
    expected[0, 0, 0, 0] = False
    expected[:, 1, 1] = False
    np.testing.assert_array_equal(np.broadcast_to(signal.known, x.shape), expected)
    full = np.ones((2, 6, 5, 2))
    assert scheduler.signal(full).known is None
    assert scheduler.signal(full, np.ones((1, 6, 5, 1), bool)).known is None
    assert scheduler.signal(np.ones((2, 6, 5, 2), np.uint8)).values.dtype == np.float64


def test_results_do_not_depend_on_the_batch(ops, rng):
    graph = chain_of(
        (7, 6, 1),
        {
            "fold1": Folding(kernel=3),
            "gmm1": GaussianMixture(components=4),
            "fold2": Folding(kernel=2, stride=2),
            "gmm2": GaussianMixture(components=4, share=False),
        },
    )
    scheduler = scheduler_of(graph, ops)
    x = images(rng, 5, (7, 6, 1))
    plan = forward_plan(graph, {"gmm2": LIKELIHOOD})

    def likelihood(rows):
        feed = {"image": scheduler.signal(rows)}
        return scheduler.forward(plan, feed)["gmm2"].log_likelihood

    parts = np.concatenate([likelihood(x[:1]), likelihood(x[1:3]), likelihood(x[3:])])
    np.testing.assert_allclose(parts, likelihood(x), rtol=1e-10)
    assert likelihood(x[:0]).shape == (0, 2, 2)
