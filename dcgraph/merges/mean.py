"""The mean of what is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dcgraph.backends.contract import Backend
from dcgraph.contracts.merge import Merge
from dcgraph.signal import Signal


class Mean(Merge):
    """At each position, the mean over the signals that say something there."""

    type: ClassVar[str] = "mean"

    def combine(self, ops: Backend, signals: Sequence[Signal]) -> Signal:
        xp = ops.xp
        if all(signal.known is None for signal in signals):
            return Signal(sum(signal.values for signal in signals) / len(signals))
        total = xp.zeros_like(signals[0].values)
        count = xp.zeros_like(total)
        for signal in signals:
            known = xp.broadcast_to(
                xp.asarray(True) if signal.known is None else signal.known,  # noqa: FBT003
                signal.shape,
            )
            total += xp.where(known, signal.values, xp.zeros_like(total))
            count += known
        return Signal(total / xp.maximum(count, xp.ones_like(count)), count > 0)
