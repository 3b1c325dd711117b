"""Plans as people see them."""

from __future__ import annotations

import pytest
from builders import chain_of

from dcgraph.engine.describe import plan_of
from dcgraph.engine.plan import Observe, Refine, Step
from dcgraph.errors import RequestError
from dcgraph.layers import Folding, GaussianMixture

COLUMNS = {"action", "node", "reads", "writes", "frees", "note"}


def graph(**extra):
    layers = {"fold": Folding(kernel=2), "gmm": GaussianMixture(components=4), **extra}
    return chain_of((4, 4, 1), layers)


@pytest.mark.parametrize(
    ("kind", "actions"),
    [
        ("forward", ["feed", "forward", "observe"]),
        ("train", ["feed", "forward", "observe", "update", "constrain"]),
        ("control", ["control", "control", "control"]),
        ("gradient", ["observe", "observe", "gradient"]),
    ],
)
def test_each_kind_of_plan_is_a_table_of_text(kind, actions):
    plan = plan_of(graph(), kind)
    assert plan.kind == kind
    rows = plan.rows()
    assert [row["action"] for row in rows] == actions
    for row in rows:
        assert set(row) == COLUMNS
        assert all(isinstance(value, str) for value in row.values())


def test_a_deferred_step_says_so():
    (row,) = (row for row in plan_of(graph(), "forward").rows() if row["node"] == "fold")
    assert row["note"] == "block by block, inside the next step"


def test_notes_say_what_is_wanted():
    assert Observe("gmm", want=frozenset({"output", "loss"})).note == "loss, output"
    step = Refine("fold", path=("fold", "gmm"), iterations=300, rate=0.00625)
    assert step.note == "300 steps of 0.00625 towards fold -> gmm"
    assert Step("fold").note == ""


def test_a_graph_with_nothing_to_sharpen_has_no_gradient_plan():
    bare = chain_of((4, 4, 1), {"gmm": GaussianMixture(components=4)})
    with pytest.raises(RequestError, match="has nothing to sharpen"):
        plan_of(bare, "gradient")


def test_the_gradient_plan_shows_a_node_that_can_be_sharpened():
    """A folding above the last density node cannot."""
    tail = Folding(kernel=3)
    assert plan_of(graph(tail=tail), "gradient").steps[0].node == "fold"
    only_tail = chain_of((4, 4, 1), {"gmm": GaussianMixture(components=4), "tail": tail})
    with pytest.raises(RequestError):
        plan_of(only_tail, "gradient")
