"""What a merge is: how control signals that meet at one node become one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from dcgraph.backends.contract import Backend
from dcgraph.signal import Signal
from dcgraph.spec import Spec


class Merge(Spec):
    """A rule for control signals that come down to one node from several above."""

    type: ClassVar[str]

    @abstractmethod
    def combine(self, ops: Backend, signals: Sequence[Signal]) -> Signal:
        """Return one signal from at least two of equal shape (n, h, w, c)."""
