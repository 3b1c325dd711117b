"""Control plans: from any node down to the images, and what executing them yields."""

from __future__ import annotations

import numpy as np
import pytest
from builders import chain_of, graph_of, scheduler_of, with_parameters

from dcgraph.contracts.windows import Sharpening
from dcgraph.engine.downward import (
    control_plan,
    gradient_plan,
    sampling_nodes,
    sharpening_path,
)
from dcgraph.engine.plan import Control, Merge, Refine
from dcgraph.engine.scheduler import Descent
from dcgraph.errors import RequestError
from dcgraph.layers import Classifier, Concat, Folding, GaussianMixture, Input, Pooling
from dcgraph.merges import Mean
from dcgraph.signal import Signal

SHAPE = (6, 6, 1)


def chain(**options):
    return chain_of(
        SHAPE,
        {
            "fold1": Folding(kernel=3),
            "gmm1": GaussianMixture(components=4),
            "pool": Pooling(kernel=2),
            "gmm2": GaussianMixture(components=4),
            "fold2": Folding(kernel=2),
            "gmm3": GaussianMixture(components=9),
        },
        **options,
    )


def with_classifier(**options):
    """A classifier on both mixtures: its control signal reaches the lower one on two ways."""
    return graph_of(
        {
            "image": (Input(shape=SHAPE), ()),
            "fold1": (Folding(kernel=3), ("image",)),
            "gmm1": (GaussianMixture(components=4), ("fold1",)),
            "fold2": (Folding(kernel=2), ("gmm1",)),
            "gmm2": (GaussianMixture(components=4), ("fold2",)),
            "join": (Concat(), ("gmm1", "gmm2")),
            "classifier": (Classifier(classes=3), ("join",)),
        },
        merges={"gmm1": Mean()},
        **options,
    )


def positive(scheduler):
    """Give every mixture positive means, so that each control signal says something."""
    for name in scheduler.graph.density_nodes:
        means = scheduler.states[name].parameters["means"]
        with_parameters(scheduler, name, means=abs(means) + means.dtype.type(0.1))
    return scheduler


def walk(scheduler, start, *, n=3, first=0, signal=None, **options):
    plan = control_plan(scheduler.graph, start, **options)
    arrived = scheduler.control(plan, Descent(11, "sample", first, n, signal))
    return arrived["image"]


def visited(plan):
    return [step.node for step in plan.steps if isinstance(step, Control)]


def test_the_plan_goes_from_the_start_to_the_image():
    full = ["gmm3", "fold2", "gmm2", "pool", "gmm1", "fold1", "image"]
    for index, start in enumerate(full[:-1]):
        assert visited(control_plan(chain(), start)) == full[index:]


def test_buffers_are_read_while_they_are_there():
    for start in ("classifier", "gmm2", "join"):
        held = {start}
        for step in control_plan(with_classifier(), start).steps:
            assert set(step.reads) <= held
            held |= set(step.writes)
            held -= set(step.frees)
        assert held == {"image", "fold1>image"}


@pytest.mark.parametrize("start", ["gmm3", "gmm2", "gmm1"])
def test_samples_have_the_shape_of_images(ops, start):
    out = walk(positive(scheduler_of(chain(dtype="float32"), ops)), start)
    assert out.shape == (3, *SHAPE)
    assert out.values.dtype == np.float32
    assert out.known is None
    assert np.isfinite(out.values).all()


def test_samples_are_those_of_the_layers_by_hand(ops):
    graph = chain()
    scheduler = scheduler_of(graph, ops)
    signal = None
    for name in ("gmm3", "fold2", "gmm2", "pool", "gmm1", "fold1"):
        draws = ops.draws(11, name, "sample", 0, 3)
        node = graph[name]
        (signal,) = node.layer.control(
            ops, scheduler.parameters(name), signal, node.input_shapes, draws
        )
    np.testing.assert_array_equal(walk(scheduler, "gmm3").values, signal.values)


def test_a_sample_does_not_depend_on_its_batch(ops):
    scheduler = scheduler_of(chain(), ops)
    together = walk(scheduler, "gmm3", n=5).values
    parts = [walk(scheduler, "gmm3", n=n, first=first).values for first, n in ((0, 2), (2, 3))]
    np.testing.assert_array_equal(np.concatenate(parts), together)
    assert len(np.unique(together.reshape(5, -1), axis=0)) == 5


def test_control_signals_that_meet_are_merged(ops, rng):
    graph = with_classifier()
    plan = control_plan(graph, "classifier")
    (merge,) = (step for step in plan.steps if isinstance(step, Merge))
    assert merge.node == "gmm1"
    assert sorted(merge.reads) == ["fold2>gmm1", "join>gmm1"]
    assert not [s for s in control_plan(graph, "gmm2").steps if isinstance(s, Merge)]

    scheduler = scheduler_of(graph, ops)
    wanted = Signal(graph["classifier"].layer.wanted([0, 1, 2], np.float64))

    def control(name, signal):
        draws = ops.draws(11, name, "sample", 0, 3)
        node = graph[name]
        return node.layer.control(ops, scheduler.parameters(name), signal, node.input_shapes, draws)

    to_gmm1, to_gmm2 = control("join", *control("classifier", wanted))
    from_above = control("fold2", *control("gmm2", to_gmm2))
    merged = Mean().combine(ops, [*from_above, to_gmm1])
    expected = control("fold1", *control("gmm1", merged))[0]
    out = walk(scheduler, "classifier", signal=wanted)
    np.testing.assert_allclose(out.values, expected.values, rtol=1e-12)


def test_without_a_merge_the_control_edges_may_leave_one_way_out(ops):
    graph = with_classifier(
        control=[
            ("classifier", "join"),
            ("join", "gmm2"),
            ("gmm2", "fold2"),
            ("fold2", "gmm1"),
            ("gmm1", "fold1"),
            ("fold1", "image"),
        ]
    )
    plan = control_plan(graph, "classifier")
    assert not [step for step in plan.steps if isinstance(step, Merge)]
    out = walk(scheduler_of(graph, ops), "classifier", signal=Signal(np.full((3, 1, 1, 3), 1 / 3)))
    assert out.shape == (3, *SHAPE)


def test_a_given_signal_chooses_the_components(ops, rng):
    """Variants: the activity of an image, sent down again."""
    graph = chain_of(SHAPE, {"fold": Folding(kernel=6), "gmm": GaussianMixture(components=4)})
    scheduler = scheduler_of(graph, ops)  # all precisions stand at the bound: no noise
    one_hot = np.eye(4)[[2, 0, 3]].reshape(3, 1, 1, 4)
    out = walk(scheduler, "gmm", signal=Signal(one_hot * 11000))
    means = scheduler.states["gmm"].parameters["means"][0, [2, 0, 3]]
    np.testing.assert_allclose(out.values.reshape(3, -1), means)


def test_two_inputs_both_receive_their_share(ops):
    graph = graph_of(
        {
            "left": (Input(shape=(2, 2, 1)), ()),
            "right": (Input(shape=(2, 2, 2)), ()),
            "join": (Concat(mode="channels"), ("left", "right")),
            "gmm": (GaussianMixture(components=4), ("join",)),
        }
    )
    scheduler = scheduler_of(graph, ops)
    arrived = scheduler.control(control_plan(graph, "gmm"), Descent(0, "sample", 0, 2))
    assert arrived["left"].shape == (2, 2, 2, 1)
    assert arrived["right"].shape == (2, 2, 2, 2)


def test_a_node_with_no_way_down_is_named_with_those_that_have_one():
    graph = chain(
        control=[("gmm2", "pool"), ("pool", "gmm1"), ("gmm1", "fold1"), ("fold1", "image")]
    )
    with pytest.raises(
        RequestError, match=r"cannot sample from node 'gmm3'.*nodes that can: gmm1, gmm2\)"
    ):
        control_plan(graph, "gmm3")
    assert sampling_nodes(graph) == ["gmm1", "gmm2"]


def test_where_all_control_values_are_negative_nothing_arrives_marked(ops):
    graph = chain()
    scheduler = scheduler_of(graph, ops)
    with_parameters(scheduler, "gmm3", means=np.full((1, 9, 16), -1.0))
    out = walk(scheduler, "gmm3")
    assert not out.known.any()
    assert not out.values.any()


def test_a_node_that_draws_nothing_needs_a_signal(ops):
    scheduler = scheduler_of(chain(), ops)
    with pytest.raises(RequestError, match="nothing to sample at node 'fold1'"):
        walk(scheduler, "fold1")
    out = walk(scheduler, "fold1", signal=Signal(np.ones((3, 4, 4, 9))))
    np.testing.assert_array_equal(out.values, 1)


def test_images_come_out_of_inputs_not_from_them():
    with pytest.raises(RequestError, match="cannot sample from node 'image'"):
        control_plan(chain(), "image")


def test_an_unknown_start_is_named():
    with pytest.raises(RequestError, match="no node 'gmm4'; did you mean 'gmm"):
        control_plan(chain(), "gmm4")
    with pytest.raises(RequestError, match="no node 'fold9'; did you mean 'fold"):
        sharpening_path(chain(), "fold9")


def test_sharpening_paths_end_at_the_next_density_node():
    graph = chain()
    assert sharpening_path(graph, "fold1") == ("fold1", "gmm1")
    assert sharpening_path(graph, "pool") == ("pool", "gmm2")
    assert sharpening_path(graph, "fold1", "gmm2") == ("fold1", "gmm1", "pool", "gmm2")


def test_unfit_targets_are_refused():
    graph = chain()
    with pytest.raises(RequestError, match=r"'gmm1': it is no density node above.*gmm3\)"):
        sharpening_path(graph, "fold2", "gmm1")
    top = graph_of(
        {
            "image": (Input(shape=SHAPE), ()),
            "gmm": (GaussianMixture(components=4), ("image",)),
            "fold": (Folding(kernel=2), ("gmm",)),
        }
    )
    with pytest.raises(RequestError, match="no density node stands above node 'fold'"):
        sharpening_path(top, "fold")
    joined = graph_of(
        {
            "image": (Input(shape=SHAPE), ()),
            "a": (Folding(kernel=2), ("image",)),
            "b": (Folding(kernel=2), ("image",)),
            "join": (Concat(), ("a", "b")),
            "gmm": (GaussianMixture(components=4), ("join",)),
        }
    )
    with pytest.raises(RequestError, match="node 'join' on the way has 2 inputs"):
        sharpening_path(joined, "a")


def test_sharpening_is_a_step_after_the_control_of_its_node():
    graph = chain()
    plan = control_plan(graph, "gmm3", sharpen={"fold1": Sharpening(sharpen=7, weight=0.5)})
    (refine,) = (step for step in plan.steps if isinstance(step, Refine))
    before = plan.steps[plan.steps.index(refine) - 1]
    assert (type(before), before.node) == (Control, "fold1")
    assert refine.reads == refine.writes == before.writes
    assert refine.path == ("fold1", "gmm1")
    assert (refine.iterations, refine.weight) == (7, 0.5)
    assert refine.rate == pytest.approx(0.5 / (20 * 9 + 2 * 0.5))


def test_the_graphs_own_settings_sharpen_until_they_are_replaced():
    graph = chain_of(
        SHAPE,
        {
            "fold": Folding(kernel=3, sampling=Sharpening(sharpen=3, rate=0.25)),
            "gmm": GaussianMixture(components=4),
        },
    )
    (refine,) = (s for s in control_plan(graph, "gmm").steps if isinstance(s, Refine))
    assert (refine.iterations, refine.rate) == (3, 0.25)
    off = control_plan(graph, "gmm", sharpen={"fold": Sharpening()})
    assert not [step for step in off.steps if isinstance(step, Refine)]


def test_gradient_plans_go_up_and_come_back():
    plan = gradient_plan(("fold1", "gmm1", "pool", "gmm2"))
    assert [(step.action, step.node) for step in plan.steps] == [
        ("observe", "fold1"),
        ("observe", "gmm1"),
        ("observe", "pool"),
        ("observe", "gmm2"),
        ("gradient", "pool"),
        ("gradient", "gmm1"),
        ("gradient", "fold1"),
    ]
