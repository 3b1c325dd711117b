"""Looking at images: log-likelihoods, activities and predictions, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.layer import Observation, TrainableLayer
from dcgraph.engine.plan import Plan
from dcgraph.engine.scheduler import Scheduler
from dcgraph.engine.upward import forward_plan
from dcgraph.graph.graph import Graph
from dcgraph.graph.scores import LEAST, WITHIN, compared_nodes, node_of, score_names
from dcgraph.signal import Signal

Kind = Literal["log_likelihood", "max_component", "loss"]
KINDS: tuple[Kind, ...] = get_args(Kind)
BATCH = 100


def observations(
    scheduler: Scheduler, plan: Plan, batches: Iterable[Signal]
) -> Iterator[dict[str, Observation]]:
    """Yield what a forward plan sees in each batch."""
    with scheduler.ops.limited():
        for signal in batches:
            yield scheduler.forward(plan, scheduler.feed(signal))


def score_maps(
    scheduler: Scheduler, batches: Iterable[Signal], nodes: Sequence[str], kind: Kind
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the log-likelihood at each position of each node, (n, h, w) in nats, by batch."""
    plan = forward_plan(scheduler.graph, {node: frozenset({kind}) for node in nodes})
    for seen in observations(scheduler, plan, batches):
        yield {node: scheduler.ops.to_host(getattr(seen[node], kind)) for node in nodes}


def winner_maps(
    scheduler: Scheduler, batches: Iterable[Signal], nodes: Sequence[str]
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the component of the largest posterior at each position, (n, h, w), by batch."""
    plan = forward_plan(scheduler.graph, {node: frozenset({"output"}) for node in nodes})
    for seen in observations(scheduler, plan, batches):
        yield {node: _winners(scheduler, seen, node) for node in nodes}


def activities(
    scheduler: Scheduler, batches: Iterable[Signal], node: str
) -> Iterator[NDArray[Any]]:
    """Yield a node's output, (n, h, w, c), batch by batch."""
    plan = forward_plan(scheduler.graph, {node: frozenset({"output"})})
    for seen in observations(scheduler, plan, batches):
        output = seen[node].output
        assert output is not None  # wanted
        yield scheduler.ops.to_host(output.values)


def over_positions(maps: Any, name: str) -> Any:
    """Return images' scores, (n,) of float64, from log-likelihoods at each position, (n, h, w).

    Parameters
    ----------
    maps : array
        Of any backend, as the scores are.
    name : str
        Of the score, which says how (see `dcgraph.graph.scores`).
    """
    if name.endswith(LEAST):
        return maps.min(axis=(1, 2)).astype(np.float64)
    return maps.mean(axis=(1, 2), dtype=np.float64)


def classifiers(graph: Graph) -> tuple[str, ...]:
    """Return the nodes that are trained on labels."""
    return tuple(
        name
        for name, node in graph.nodes.items()
        if isinstance(node.layer, TrainableLayer) and node.layer.uses_labels
    )


@dataclass
class Survey:
    """What one pass over a data set tells of every node.

    Attributes
    ----------
    scores : dict of str to array of shape (n,)
        Log-likelihood of each image at each density node, mean over positions, in nats; and, by
        ``NODE.least``, at the least likely one, where it was asked for.
    predictions : dict of str to integer array of shape (n,)
        The most probable class at each classifier node.
    wins : dict of str to integer array of shape (K,)
        At how many positions of how many images each component had the largest posterior.
    winners : dict of str to integer array of shape (n,)
        Which component it was for each image, at nodes of one position.
    """

    scores: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    predictions: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    wins: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    winners: dict[str, NDArray[np.int64]] = field(default_factory=dict)


def survey(
    scheduler: Scheduler, batches: Iterable[Signal], *, least: bool = False, wins: bool = False
) -> Survey:
    """Return the scores of every density node and the predictions of every classifier."""
    graph, to_host = scheduler.graph, scheduler.ops.to_host
    wants: dict[str, frozenset[str]] = {
        name: frozenset({"log_likelihood", "output"} if wins else {"log_likelihood"})
        for name in graph.density_nodes
    }
    wants |= {name: frozenset({"output"}) for name in classifiers(graph)}
    names = [name for name in score_names(graph) if not name.endswith(WITHIN)]
    names = names if least else list(graph.density_nodes)
    scores: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    predictions: dict[str, list[NDArray[Any]]] = {name: [] for name in classifiers(graph)}
    winners: dict[str, list[NDArray[Any]]] = {name: [] for name in compared_nodes(graph)}
    counts: dict[str, NDArray[np.int64]] = {}
    for seen in observations(scheduler, forward_plan(graph, wants), batches):
        for name, parts in scores.items():
            parts.append(to_host(over_positions(seen[node_of(name)].log_likelihood, name)))
        for name in graph.density_nodes if wins else ():
            won = _winners(scheduler, seen, name).ravel()
            counts[name] = counts.get(name, 0) + np.bincount(won, minlength=graph[name].shape[2])
            if name in winners:
                winners[name].append(won)
        for name, parts in predictions.items():
            output = seen[name].output
            assert output is not None  # wanted
            parts.append(to_host(output.values.reshape(output.shape[0], -1).argmax(axis=1)))
    return Survey(_joined(scores), _joined(predictions), counts, _joined(winners))


def _winners(scheduler: Scheduler, seen: Mapping[str, Observation], name: str) -> Any:
    output = seen[name].output
    assert output is not None  # wanted
    return scheduler.ops.to_host(output.values.argmax(axis=-1))


def _joined(parts: Mapping[str, list[NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate(arrays) for name, arrays in parts.items() if arrays}
