"""What a model's record says of each node, for tables and JSON."""

from __future__ import annotations

from typing import Any

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.storage.record import ModelRecord
from dcgraph.training.events import NodeStage


def stage(record: ModelRecord, name: str) -> NodeStage | None:
    """Return where a node's training stands; None for a node that does not learn."""
    node = record.graph[name]
    if node.optimizer is None or name not in record.states:
        return None
    if isinstance(node.layer, TrainableLayer) and not node.layer.trainable:
        return "frozen"
    state = record.states[name]
    if state.updates == 0:
        return "waiting"
    done = node.annealing is None or node.annealing.finished(state.annealing)
    return "converged" if done else "annealing"


def standing(record: ModelRecord) -> dict[str, dict[str, Any]]:
    """Return log_likelihood, auc, sigma and state of every node that learns.

    The log-likelihood is that of the test inliers where they have been scored, else that of the
    last training batch that was read, in nats; None for a node that has none.
    """
    nodes = {}
    for name in record.graph.trainable:
        metrics = record.metrics.get(name, {})
        likelihood = metrics.get("log_likelihood")
        seen = record.history.get(name, {}).get("log_likelihood")
        if likelihood is None and seen and record.graph[name].is_density:
            likelihood = seen[-1]
        annealing, state = record.graph[name].annealing, record.states.get(name)
        smoothed = state is not None and annealing is not None and annealing.smooths
        nodes[name] = {
            "log_likelihood": likelihood,
            "auc": metrics.get("auc"),
            "sigma": state.annealing.get("sigma") if state is not None and smoothed else None,
            "state": stage(record, name),
        }
    return nodes
