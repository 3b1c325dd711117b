"""Observes a node, and where a fusion covers what stands below it, all of that in one go."""

from __future__ import annotations

from collections.abc import Sequence

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Observation, Params, TrainableLayer
from dcgraph.contracts.varying import Number
from dcgraph.engine.deferred import Deferred
from dcgraph.signal import Array, SignalBlocks


def observe(
    ops: Backend,
    layer: TrainableLayer,
    params: Params,
    inputs: Sequence[SignalBlocks],
    *,
    labels: Array | None,
    sigma: Number,
    want: frozenset[str],
) -> Observation:
    """Return the observation of a layer, by the longest fusion that fits, else its own."""
    for below in reversed(_below(inputs) if ops.fusions else ()):
        pattern = (*(deferred.layer.type for deferred in below), layer.type)
        fused = ops.fusions.get(pattern)
        seen: Observation | None = None
        if fused is not None:
            seen = fused(
                ops,
                [*(deferred.layer for deferred in below), layer],
                [*(deferred.params for deferred in below), params],
                below[0].inputs,
                labels=labels,
                sigma=sigma,
                want=want,
            )
        if seen is not None:
            return seen
    return layer.observe(ops, params, inputs, labels=labels, sigma=sigma, want=want)


def _below(inputs: Sequence[SignalBlocks]) -> list[tuple[Deferred, ...]]:
    """Return the chains of deferred nodes that end at a node, each bottom up, short ones first.

    What draws at random is no part of one.
    """
    chains: list[tuple[Deferred, ...]] = []
    chain: tuple[Deferred, ...] = ()
    while len(inputs) == 1 and isinstance(inputs[0], Deferred) and inputs[0].draws is None:
        chain = (inputs[0], *chain)
        chains.append(chain)
        inputs = inputs[0].inputs
    return chains
