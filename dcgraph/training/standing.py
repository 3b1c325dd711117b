"""Where the training of each node of a record stands, for tables, JSON and the report."""

from __future__ import annotations

from typing import Any

from dcgraph.contracts.events import NodeStage
from dcgraph.contracts.layer import TrainableLayer
from dcgraph.storage.record import ModelRecord


def standing(record: ModelRecord) -> dict[str, dict[str, Any]]:
    """Return log_likelihood, auc, sigma and state of every node that has something to learn.

    The log-likelihood is that of the test inliers where they have been scored, else that of the
    last training batch that was read, in nats. What a node does not have is None.
    """
    nodes = {}
    for name, node in record.graph.nodes.items():
        if not isinstance(node.layer, TrainableLayer):
            continue
        metrics = record.metrics.get(name, {})
        likelihood = metrics.get("log_likelihood")
        seen = record.history.get(name, {}).get("log_likelihood")
        if likelihood is None and seen and node.is_density:
            likelihood = seen[-1]
        smoothed = node.annealing is not None and node.annealing.smooths
        nodes[name] = {
            "log_likelihood": likelihood,
            "auc": metrics.get("auc"),
            "sigma": record.states[name].annealing.get("sigma") if smoothed else None,
            "state": stage(record, name),
        }
    return nodes


def stage(record: ModelRecord, name: str) -> NodeStage:
    """Return where the training of a node stands."""
    node, state = record.graph[name], record.states[name]
    if node.optimizer is None:
        return "frozen"
    if state.updates == 0:
        return "waiting"
    done = node.annealing is None or node.annealing.finished(state.annealing)
    return "converged" if done else "annealing"
