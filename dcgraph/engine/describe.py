"""Plans as tables, for people."""

from __future__ import annotations

from typing import Literal

from dcgraph.engine.downward import control_plan, gradient_plan, sharpening_path
from dcgraph.engine.plan import Plan
from dcgraph.engine.upward import forward_plan, train_plan
from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph

PlanKind = Literal["forward", "train", "control", "gradient"]


def plan_of(graph: Graph, kind: PlanKind) -> Plan:
    """Return the plan a graph has for the usual case.

    "forward" yields every log-likelihood, "train" updates every node, "control" starts at the
    topmost density node, "gradient" sharpens the lowest transformation that can be.

    Raises
    ------
    RequestError
        The graph has no such plan.
    """
    if kind == "forward":
        return forward_plan(
            graph, {name: frozenset({"log_likelihood"}) for name in graph.density_nodes}
        )
    if kind == "train":
        return train_plan(graph, active=frozenset(graph.trainable), readings=False)
    if kind == "control":
        return control_plan(graph, graph.topmost())
    for name, node in graph.nodes.items():
        if node.inputs and not node.is_density:
            return gradient_plan(sharpening_path(graph, name))
    message = f"graph '{graph.name}' has nothing to sharpen: it has no folding or pooling node"
    raise RequestError(message)
