"""What training tells those who listen. Observers only listen: nothing they do changes a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

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
class NodeBegan:
    """A node is about to do its part of step `step` (counting from 1).

    Attributes
    ----------
    action : str
        That of the plan's step: "forward", "observe", "update", ...; see `dcgraph inspect --plan`.
    """

    step: int
    node: str
    action: str


@dataclass(frozen=True, slots=True)
class NodeEnded:
    """A node has done its part.

    Attributes
    ----------
    seconds : float
        How long that took the processor; a GPU may still be at it.
    """

    step: int
    node: str
    action: str
    seconds: float


@dataclass(frozen=True, slots=True)
class BatchEnded:
    """Step `step` (counting from 1) of `total_steps` is done.

    Attributes
    ----------
    epoch : float
        Passes over the training images so far.
    nodes : mapping of str to NodeReading
        Every node that learns; empty after most batches, for readings cost time: there are about
        a hundred in a run.
    """

    step: int
    total_steps: int
    epoch: float
    nodes: Mapping[str, NodeReading] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EpochEnded:
    """Pass number `epoch` (counting from 1) over the training images is done."""

    step: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Metrics on held-out images, by node; `split` is "test" or "validation"."""

    step: int
    split: str
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


@dataclass(frozen=True, slots=True)
class Failed:
    """The run ends early, after `step` steps.

    Attributes
    ----------
    error : BaseException
        What is raised next; `InterruptedRunError` where the user has stopped the run.
    """

    step: int
    error: BaseException


Event = (
    Started
    | NodeBegan
    | NodeEnded
    | BatchEnded
    | EpochEnded
    | Evaluated
    | Saved
    | Finished
    | Failed
)


class Observer:
    """Hears what a run emits; override `notify` and match on the event's class.

    Attributes
    ----------
    type : str
        The name under which a plugin registers it; others need none.
    hears_nodes : bool
        Whether it is told of every node in every batch, by `NodeBegan` and `NodeEnded`.
    """

    type: ClassVar[str] = ""
    hears_nodes: ClassVar[bool] = False

    def notify(self, event: Event) -> Any:
        """Hear one event; the return value is ignored."""
