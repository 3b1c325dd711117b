"""What a node has learned, and what it learns from.

Layers, optimizers and annealing schedules hold settings only; everything that changes during a
run stands here, is handed to them and comes back from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dcgraph.signal import Array

Arrays = dict[str, Array]


class FixedArrays(dict[str, Array]):
    """Arrays that stay as they are, so that what is computed of them can be kept beside them.

    Those on the host are made read-only: an attempt to change one is an error.

    Attributes
    ----------
    memo : dict
        What layers have computed of the arrays, by a name of theirs.
    """

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        super().__init__(arrays)
        self.memo: dict[str, Any] = {}
        for array in arrays.values():
            if isinstance(array, np.ndarray):
                array.setflags(write=False)


@dataclass(slots=True)
class NodeState:
    """The state of one node.

    Attributes
    ----------
    parameters : dict of arrays
        What the layer's `init` named, on the backend's device.
    optimizer : dict of arrays
        What the node's optimizer carries from update to update (running statistics).
    annealing : dict of floats
        What the node's annealing schedule carries.
    updates : int
        How many updates this node has made.
    """

    parameters: Arrays = field(default_factory=dict)
    optimizer: Arrays = field(default_factory=dict)
    annealing: dict[str, float] = field(default_factory=dict)
    updates: int = 0


@dataclass(frozen=True, slots=True)
class Statistics:
    """Sufficient statistics: raw sums over rows, and how many rows there were.

    They add, over blocks, batches and machines; nothing divides or smooths them in transit.

    Attributes
    ----------
    sums : mapping of arrays
        Named by the layer (a mixture's are ``S0``, ``S1``, ``S2``).
    count : float
        Rows that fed each parameter set.
    """

    sums: Mapping[str, Array]
    count: float

    def __add__(self, other: Statistics) -> Statistics:
        sums = {name: array + other.sums[name] for name, array in self.sums.items()}
        return Statistics(sums, self.count + other.count)
