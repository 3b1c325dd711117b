"""Where in an image something is unlikely: a node's scores, laid back onto the pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.engine.scheduler import Scheduler
from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph
from dcgraph.signal import Signal

BATCH = 100


def pixel_maps(scheduler: Scheduler, maps: NDArray[Any], node: str) -> NDArray[Any]:
    """Return, for each pixel, the mean score of the positions that see it.

    A map goes down as a control signal does: through a folding, each position takes the mean of
    the patches it is part of.

    Parameters
    ----------
    maps : array of shape (n, h, w)
        A score for each position of `node`.

    Returns
    -------
    array of shape (n, H, W)
        At the input; NaN where no position sees the pixel.

    Raises
    ------
    RequestError
        A node on the way down has several inputs.
    """
    path = _path(scheduler.graph, node)
    return np.concatenate(
        [_spread(scheduler, maps[i : i + BATCH], path) for i in range(0, len(maps), BATCH)]
    )


def _path(graph: Graph, node: str) -> list[str]:
    """Return the transformations below a node, from the top down."""
    path = []
    name = node
    while graph[name].inputs:
        if len(graph[name].inputs) > 1:
            message = (
                f"a map of node '{node}' cannot be laid onto the image: node '{name}' below it has "
                f"{len(graph[name].inputs)} inputs"
            )
            raise RequestError(message, node=node)
        # what learns keeps positions where they are
        if not isinstance(graph[name].layer, TrainableLayer):
            path.append(name)
        (name,) = graph[name].inputs
    return path


def _spread(scheduler: Scheduler, maps: NDArray[Any], path: list[str]) -> NDArray[Any]:
    graph, ops = scheduler.graph, scheduler.ops
    xp = ops.xp
    values = ops.asarray(maps, scheduler.dtype)[..., None]
    known = xp.ones_like(values, dtype=bool)
    for name in path:
        node = graph[name]
        shape = (len(maps), *node.shape)
        signal = Signal(xp.broadcast_to(values, shape), xp.broadcast_to(known, shape))
        draws = ops.draws(0, name, "map", 0, len(maps))
        (sent,) = node.layer.control(
            ops, scheduler.parameters(name), signal, node.input_shapes, draws
        )
        assert sent is not None  # something was given
        # all channels of a position have come from the same scores
        values = sent.values[..., :1]
        known = xp.ones_like(values, dtype=bool)
        if sent.known is not None:
            known = xp.broadcast_to(sent.known, sent.shape)[..., :1]
    return ops.to_host(xp.where(known, values, xp.nan)[..., 0])
