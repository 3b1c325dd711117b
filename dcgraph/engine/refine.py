"""Sharpening: gradient ascent on a higher node's loss (paper section IV-C)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import TrainableLayer
from dcgraph.engine.plan import Refine
from dcgraph.graph.graph import Graph
from dcgraph.signal import Array, Signal


class Machine(Protocol):
    """What sharpening needs of a scheduler."""

    graph: Graph
    ops: Backend

    def parameters(self, name: str) -> Mapping[str, Array]: ...
    def sigma(self, name: str) -> float: ...


@dataclass(frozen=True, slots=True)
class Refinement:
    """How far a sharpening came.

    Attributes
    ----------
    before, after : array of shape (n,)
        The target's loss, summed over positions, in nats.
    """

    before: NDArray[Any]
    after: NDArray[Any]


def refine(machine: Machine, step: Refine, signal: Signal) -> tuple[Signal, Refinement]:
    """Return the signal after ``T += rate * d/dT [L(T) - weight |T - T0|^2]``, so many times.

    Positions that carry no signal stay as they are.
    """
    xp = machine.ops.xp
    start = signal.values
    values = start
    before: Array = None
    for _ in range(step.iterations):
        loss, gradient = objective(machine, step.path, Signal(values, signal.known))
        before = loss if before is None else before
        if step.weight:
            gradient = gradient - 2 * step.weight * (values - start)
        if signal.known is not None:
            gradient = xp.where(signal.known, gradient, xp.zeros_like(gradient))
        values = values + start.dtype.type(step.rate) * gradient
    refined = Signal(values, signal.known)
    after, _ = objective(machine, step.path, refined)
    to_host = machine.ops.to_host
    return refined, Refinement(np.array(to_host(before)), np.array(to_host(after)))


def objective(machine: Machine, path: tuple[str, ...], signal: Signal) -> tuple[Array, Array]:
    """Return the loss of the path's last node, (n,), and its gradient at the path's input.

    The gradient runs through every node between, (n, h, w, c).
    """
    inputs = [signal]
    for name in path[:-1]:
        layer, params = machine.graph[name].layer, machine.parameters(name)
        inputs.append(layer.forward(machine.ops, params, [inputs[-1]]))
    target = path[-1]
    layer = machine.graph[target].layer
    assert isinstance(layer, TrainableLayer)  # the path ends at a density node
    loss, (gradient,) = layer.objective_gradient(
        machine.ops, machine.parameters(target), [inputs[-1]], sigma=machine.sigma(target)
    )
    for name, below in zip(path[-2::-1], inputs[-2::-1], strict=True):
        layer, params = machine.graph[name].layer, machine.parameters(name)
        (gradient,) = layer.input_gradient(machine.ops, params, [below], gradient)
    return loss, gradient
