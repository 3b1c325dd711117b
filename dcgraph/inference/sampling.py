"""Walking down: samples, and variants of images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.engine.downward import control_plan, sampling_nodes
from dcgraph.engine.plan import Plan
from dcgraph.engine.scheduler import Descent, Scheduler
from dcgraph.engine.upward import forward_plan
from dcgraph.errors import InputError, RequestError
from dcgraph.graph.graph import Graph
from dcgraph.inference.density import classifiers
from dcgraph.inference.readout import Readout
from dcgraph.signal import Signal

BATCH = 100


def samples(
    scheduler: Scheduler,
    n: int,
    *,
    node: str | None = None,
    control: NDArray[Any] | None = None,
    seed: int = 0,
    readout: Readout | None = None,
) -> Iterator[NDArray[Any]]:
    """Yield samples of shape (at most 100, h, w, c), n in all.

    Parameters
    ----------
    node : str or None
        Where the walk starts; None is the topmost density node.
    control : array of shape (n, h, w, c) or None
        Control signal of that node, NaN where it has none; None: its components are drawn from
        its prior.
    readout : Readout or None
        Is told what sharpening does.

    Raises
    ------
    InputError
        Fewer than one sample is wanted, or the control signal does not fit the node.
    RequestError
        The node cannot be sampled from.
    """
    graph = scheduler.graph
    if n < 1:
        message = f"cannot draw {n} samples: ask for at least 1"
        raise InputError(message)
    start = graph[node].name if node is not None else graph.topmost()
    plan = control_plan(graph, start)
    if control is None and start in classifiers(graph):
        message = f"node '{start}' draws nothing of its own: give the labels to sample (label)"
        raise RequestError(message, node=start)
    if control is not None:
        control = checked_control(graph, start, control, n)
    # checked here, so that a mistake is told before the first sample is asked for
    return _walks(scheduler, plan, n, control, seed, readout)


def _walks(
    scheduler: Scheduler,
    plan: Plan,
    n: int,
    control: NDArray[Any] | None,
    seed: int,
    readout: Readout | None,
) -> Iterator[NDArray[Any]]:
    for first in range(0, n, BATCH):
        count = min(BATCH, n - first)
        signal = None
        if control is not None:
            signal = scheduler.signal(control[first : first + count])
        yield descend(scheduler, plan, Descent(seed, "sample", first, count, signal))
        if readout is not None:
            readout.add(scheduler, plan)


def checked_control(graph: Graph, node: str, control: Any, n: int) -> NDArray[Any]:
    """Return a control signal as an array, (n, *shape of the node's output).

    Raises
    ------
    InputError
        It is no array of numbers of that shape, holds infinite values, or is all NaN.
    """
    values = np.asarray(control)
    expected = (n, *graph[node].shape)
    if values.shape != expected or values.dtype.kind not in "fiub":
        message = (
            f"the control signal of node '{node}' must be an array of numbers of shape "
            f"{expected}, received {values.dtype} of shape {values.shape}"
        )
        raise InputError(message, node=node)
    values = values.astype(graph.train.dtype)
    if np.isinf(values).any():
        message = f"the control signal of node '{node}' holds infinite values"
        raise InputError(message, node=node)
    if np.isnan(values).all():
        message = f"the control signal of node '{node}' is NaN everywhere: there is none"
        raise InputError(message, node=node)
    return values


def descend(scheduler: Scheduler, plan: Plan, descent: Descent) -> NDArray[Any]:
    """Return what arrives at the input, (n, h, w, c) on the host."""
    scheduler.refinements.clear()
    with scheduler.ops.limited():
        arrived = scheduler.control(plan, descent)[scheduler.graph.entry]
    return scheduler.ops.to_host(arrived.values)


def check_variants(graph: Graph, node: str) -> None:
    """Refuse a node whose activity cannot be sent down again.

    Raises
    ------
    RequestError
    """
    able = [name for name in sampling_nodes(graph) if graph[name].is_density]
    if graph[node].name not in able:
        message = f"cannot make variants from node '{node}' (nodes that can: {', '.join(able)})"
        raise RequestError(message, node=node)


def variants(
    scheduler: Scheduler,
    signals: Iterable[Signal],
    node: str,
    *,
    n: int = 1,
    seed: int,
    purpose: str = "variant",
    readout: Readout | None = None,
) -> Iterator[NDArray[Any]]:
    """Yield n images that `node` takes for the same as each given one: (n, m, h, w, c).

    The activity of the node is its control signal on the way down.

    Parameters
    ----------
    signals : iterable of Signal
        Images, batch by batch, m in a batch.
    purpose : str
        Names the random streams.
    """
    graph = scheduler.graph
    upward = forward_plan(graph, {node: frozenset({"output"})})
    downward = control_plan(graph, node)
    assert isinstance(graph[node].layer, TrainableLayer)  # checked: it is a density node
    first = 0
    for signal in signals:
        count = signal.shape[0]
        with scheduler.ops.limited():
            output = scheduler.forward(upward, scheduler.feed(signal))[node].output
        assert output is not None  # wanted
        drawn = []
        for index in range(n):
            # Where nothing is known the activity is the prior: something to draw from, all the same
            descent = Descent(seed, f"{purpose} {index}", first, count, Signal(output.values))
            drawn.append(descend(scheduler, downward, descent))
            if readout is not None:
                readout.add(scheduler, downward)
        yield np.stack(drawn)
        first += count
