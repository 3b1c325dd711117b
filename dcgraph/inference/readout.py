"""How far sharpening came: the target's loss before and after, for each node that was sharpened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.engine.plan import Plan, Refine
from dcgraph.engine.scheduler import Scheduler


@dataclass
class NodeReadout:
    """What sharpening did at one node.

    Attributes
    ----------
    target : str
        The node whose loss was raised.
    iterations : int
    rate : float
    before, after : array of shape (n,)
        The target's loss for each sample, mean over the target's positions, in nats.
    """

    target: str
    iterations: int
    rate: float
    before: NDArray[np.float64]
    after: NDArray[np.float64]

    @property
    def raised(self) -> float:
        """Share of the samples whose loss is higher than it was, in [0, 1]."""
        return float((self.after > self.before).mean())

    def summary(self) -> dict[str, Any]:
        """Return target, iterations, rate, the means before and after, and `raised`."""
        return {
            "target": self.target,
            "iterations": self.iterations,
            "rate": self.rate,
            "before": float(self.before.mean()),
            "after": float(self.after.mean()),
            "raised": self.raised,
        }


@dataclass
class Readout:
    """Collects, batch by batch, what sharpening did; hand one to `Model.sample`.

    Attributes
    ----------
    nodes : dict of str to NodeReadout
        By the node that was sharpened, from the top down; empty where nothing was.
    """

    nodes: dict[str, NodeReadout] = field(default_factory=dict)

    def add(self, scheduler: Scheduler, plan: Plan) -> None:
        """Take in what the last walk down a plan did."""
        for step in plan.steps:
            if not isinstance(step, Refine) or step.node not in scheduler.refinements:
                continue
            target = step.path[-1]
            h, w, _ = scheduler.graph[target].shape
            done = scheduler.refinements[step.node]
            pair = [each.astype(np.float64) / (h * w) for each in (done.before, done.after)]
            if step.node in self.nodes:
                earlier = self.nodes[step.node]
                pair = [
                    np.concatenate(both)
                    for both in zip((earlier.before, earlier.after), pair, strict=True)
                ]
            self.nodes[step.node] = NodeReadout(target, step.iterations, step.rate, *pair)

    def summary(self) -> dict[str, dict[str, Any]]:
        """Return the summary of each node."""
        return {name: node.summary() for name, node in self.nodes.items()}
