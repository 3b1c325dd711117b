"""What training tells those who listen. Observers only listen: nothing they do changes a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

NodeStage = Literal["waiting", "annealing", "converged", "frozen"]


@dataclass(frozen=True, slots=True)
class NodeReading:
    """A trainable node after a batch.

    Attributes
    ----------
    log_likelihood : float
        Mean over the batch and positions, in nats; of a classifier, minus its cross-entropy.
    loss : float
        Mean of what training ascends, in nats (smoothed by the annealing).
    sigma : float
        Width of the smoothing, in units of the component grid.
    stage : {"waiting", "annealing", "converged", "frozen"}
    winner_entropy : float
        Entropy of the batch's assignments over components, in nats.
    """

    log_likelihood: float
    loss: float
    sigma: float
    stage: NodeStage
    winner_entropy: float


@dataclass(frozen=True, slots=True)
class Started:
    """A run is about to take its first step; `step` is not 0 when it was resumed."""

    step: int
    total_steps: int
    steps_per_epoch: int
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BatchEnded:
    """Step `step` (counting from 1) of `total_steps` is done."""

    step: int
    total_steps: int
    epoch: float
    nodes: Mapping[str, NodeReading]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Metrics on held-out images, by node."""

    step: int
    metrics: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Saved:
    """The state after `step` steps is in the model file."""

    step: int
    path: Path


@dataclass(frozen=True, slots=True)
class Finished:
    """The last step is done.

    Attributes
    ----------
    idle : mapping of str to tuple of int
        For each node with components, those that win at no position of the at most
        5,000 training images looked at.
    """

    step: int
    idle: Mapping[str, tuple[int, ...]]


Event = Started | BatchEnded | Evaluated | Saved | Finished


class Observer:
    """Hears what a run emits; override `notify` and match on the event's class."""

    def notify(self, event: Event) -> Any:
        """Hear one event; the return value is ignored."""
