"""A product of experts: control signals that meet at a mixture are multiplied.

Two nodes above may each say how likely every component of a node below is: one knows parts, one
knows the whole. Their mean keeps what either of them likes; their product keeps what both can live
with (Hinton, 2002). At each position, every signal is taken as a distribution over channels, and
``p_k ~ prod_i p_ik^weight`` is sent on.

    gmm1: {type: gmm, components: 25, merge: product_of_experts}
    gmm1: {type: gmm, components: 25, merge: {type: product_of_experts, weight: 0.5}}

Values at or below 0, which noise from above may bring, count as next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dcgraph.api import Array, Backend, Merge, Signal, hookimpl

__version__ = "1.0"

FLOOR = 1e-6  # of the largest channel: an expert may rule nothing out for good


class ProductOfExperts(Merge):
    """At each position, the normalised product of the distributions that are there.

    Attributes
    ----------
    weight : float
        Exponent of every expert: 1 is the product; 1/n, with n experts, their geometric mean.
    """

    type: ClassVar[str] = "product_of_experts"

    weight: Annotated[float, Field(gt=0)] = 1.0

    def combine(self, ops: Backend, signals: Sequence[Signal]) -> Signal:
        xp = ops.xp
        total = xp.zeros_like(signals[0].values)
        known: Array = xp.zeros((*total.shape[:3], 1), bool)
        for signal in signals:
            values, says = _distribution(xp, signal)
            total += xp.where(says, xp.log(values) * values.dtype.type(self.weight), 0)
            known |= says
        total -= total.max(axis=-1, keepdims=True)
        product = xp.exp(total)
        product /= product.sum(axis=-1, keepdims=True)
        if bool(known.all()):
            return Signal(product)
        return Signal(xp.where(known, product, 0), known)


def _distribution(xp: Any, signal: Signal) -> tuple[Array, Array]:
    """Return values that sum to 1 over channels, and where they say something, (n, h, w, 1)."""
    values = signal.values
    if signal.known is not None:
        values = xp.where(signal.known, values, 0)
    largest = values.max(axis=-1, keepdims=True)
    says = largest > 0
    values = xp.maximum(values, FLOOR * xp.where(says, largest, 1))
    return values / values.sum(axis=-1, keepdims=True), says


@hookimpl
def register_merges() -> list[type[Merge]]:
    """Return the merge of this file."""
    return [ProductOfExperts]
