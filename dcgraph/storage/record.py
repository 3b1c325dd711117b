"""All that a model file holds, in memory: what training writes and everything else reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.graph.graph import Graph
from dcgraph.graph.yaml_text import to_yaml
from dcgraph.state import NodeState

History = dict[str, dict[str, list[float]]]


@dataclass
class ModelRecord:
    """A model, finished or on its way.

    Attributes
    ----------
    graph : Graph
    states : dict of str to NodeState
        One for every node that holds parameters; arrays on the host.
    seed : int
    step, total_steps : int
        Batches learned from, and how many the run takes.
    epoch : float
        Passes over the training images so far.
    complete : bool
        Whether the run has ended as planned.
    history : dict
        ``history[node][column]``, columns of equal length: step, log_likelihood, loss, sigma,
        active (0 or 1), winner_entropy.
    metrics : dict
        ``metrics[node][metric]``, on held-out images (validation images where the graph holds some
        back).
    provenance : dict
        Versions, data digest, command, times; values are str, int, float or None.
    calibration : dict of str to array
        For each density node, ascending quantiles (at equal probabilities from 0 to 1) of the
        log-likelihood of training images.
    """

    graph: Graph
    states: dict[str, NodeState]
    seed: int
    total_steps: int
    step: int = 0
    epoch: float = 0.0
    complete: bool = False
    history: History = field(default_factory=dict)
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    _text: tuple[Graph, str] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def pixel_range(self) -> tuple[float, float] | None:
        """The smallest and the largest training pixel; None where they are not known."""
        low, high = (self.provenance.get(f"pixel_{end}") for end in ("min", "max"))
        if isinstance(low, int | float) and isinstance(high, int | float):
            return float(low), float(high)
        return None

    @property
    def graph_text(self) -> str:
        """The expanded graph as YAML; made once, for a record is written many times."""
        if self._text is None or self._text[0] is not self.graph:
            self._text = (self.graph, to_yaml(self.graph))
        return self._text[1]
