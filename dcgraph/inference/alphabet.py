"""The visual alphabet of a gmm node: what each of its components looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.engine.downward import control_plan
from dcgraph.engine.scheduler import Descent, Scheduler
from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph
from dcgraph.state import NodeState

QUIET = {"top": 1, "divisor": 1e9}  # nodes below the drawn one answer without noise
BATCH = 100  # components at a time


def is_mixture(state: NodeState | None) -> bool:
    """Return whether a node has the parameters of a mixture of diagonal Gaussians, (P, K, d)."""
    found = None if state is None else state.parameters.get("precision_sqrt")
    return found is not None and found.ndim == 3


def components_of(graph: Graph, states: Mapping[str, NodeState], node: str | None) -> str:
    """Return the gmm node that is meant; None is the topmost.

    Raises
    ------
    RequestError
        The node does not exist or has no components.
    """
    name = graph.topmost() if node is None else graph[node].name
    if not is_mixture(states.get(name)):
        known = [each for each in states if is_mixture(states[each])]
        message = f"has no components: nodes that have are {', '.join(known) or 'none'}"
        raise RequestError(message, node=name)
    return name


def projected(scheduler: Scheduler, node: str, position: tuple[int, int]) -> NDArray[Any]:
    """Return what each component of a node draws at one position, (K, h, w, c).

    Means go down the control edges, without noise, from this position alone. What arrives is cut
    to the pixels that the position reaches; NaN where it reaches none between them.

    Parameters
    ----------
    scheduler : Scheduler
        Its graph has the settings `QUIET`.
    """
    h, w, components = scheduler.graph[node].shape
    plan, ops = control_plan(scheduler.graph, node), scheduler.ops
    values, known = [], []
    for first in range(0, components, BATCH):
        count = min(BATCH, components - first)
        tau = np.full((count, h, w, components), np.nan)
        tau[:, position[0], position[1]] = np.eye(components)[first : first + count]
        with ops.limited():
            descent = Descent(0, "alphabet", first, count, scheduler.signal(tau))
            arrived = scheduler.control(plan, descent)[scheduler.graph.entry]
        values.append(np.asarray(ops.to_host(arrived.values), np.float64))
        there = True if arrived.known is None else ops.to_host(arrived.known)
        known.append(np.broadcast_to(there, values[-1].shape))
    images, reached = np.concatenate(values), np.concatenate(known)
    ys = np.flatnonzero(reached.any(axis=(0, 2, 3)))
    xs = np.flatnonzero(reached.any(axis=(0, 1, 3)))
    images = np.where(reached, images, np.nan)
    return images[:, ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1]


def precisions(graph: Graph, state: NodeState, node: str, place: int) -> NDArray[Any]:
    """Return each component's precisions over the node's kernel, (K, fh, fw, 1).

    Mean over channels, scaled so that the node's largest precision is 1.

    Parameters
    ----------
    place : int
        Which of the node's parameter sets; 0 where all positions share one.
    """
    found = state.parameters["precision_sqrt"][place].astype(np.float64) ** 2
    patches = found.reshape(len(found), *_kernel(graph, node)).mean(axis=3, keepdims=True)
    return np.asarray(patches / found.max())


def weights(state: NodeState, place: int) -> NDArray[np.float64]:
    """Return the mixing weights, (K,), which sum to 1.

    Parameters
    ----------
    place : int
        As for `precisions`.
    """
    logits = state.parameters["weight_logits"][place].astype(np.float64)
    found = np.exp(logits - logits.max())
    return np.asarray(found / found.sum())


def _kernel(graph: Graph, node: str) -> tuple[int, int, int]:
    """Return (fh, fw, c) of the patches a node sees: of the folding below it, or 1 x 1."""
    (below,) = graph[node].inputs
    layer, channels = graph[below].layer, graph[below].shape[2]
    fh, fw = getattr(layer, "kernel", (1, 1)) if layer.type == "folding" else (1, 1)
    return fh, fw, channels // (fh * fw)
