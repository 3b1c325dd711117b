"""A mixture above a folding, observed without writing patches; for backends that can."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Layer, Observation, Params
from dcgraph.contracts.varying import Number
from dcgraph.layers.folding import Folding
from dcgraph.layers.gmm.layer import GaussianMixture
from dcgraph.signal import Array, SignalBlocks


def observe_patches(
    ops: Backend,
    layers: Sequence[Layer],
    params: Sequence[Params],
    inputs: Sequence[SignalBlocks],
    *,
    labels: Array | None,
    sigma: Number,
    want: frozenset[str],
) -> Observation | None:
    """Return what the mixture's own `observe` would of the folded input.

    None where the backend has no ``mixture_observe_patches``, or a layer is of another class.
    """
    folding, mixture = layers
    look = ops.kernels.get("mixture_observe_patches")
    if look is None or type(folding) is not Folding or type(mixture) is not GaussianMixture:
        return None
    (source,) = inputs
    look = partial(look, source, folding.kernel, folding.stride)
    return mixture.observed(ops, params[1], look, sigma, want)
