"""The way down: draw a component at every position, emit a draw of its Gaussian (eq. 7)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Params, Sampling
from dcgraph.layers.gmm.density import log_softmax
from dcgraph.layers.gmm.updates import precision_sqrt_max
from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, Signal

CONTROL_MIN, CONTROL_MAX = 1e-6, 11000.0


class MixtureSampling(Sampling):
    """Settings of a mixture layer on the way down.

    Attributes
    ----------
    top : int
        Only the so many largest control values can be drawn (ties kept); 0 keeps all.
    power : float
        Control values are raised to it. Neither touches the prior.
    divisor : float
        Standard deviations are divided by it.
    freeze_at_bound : bool
        No noise in dimensions whose precision stands at its upper bound.
    prior : {"uniform", "weights"}
        What a component is drawn from where nothing stands above.
    selection : {"draw", "cycle"} or int
        "cycle" takes component (flat position index) mod K; an int takes that component.
    """

    top: Annotated[int, Field(ge=0)] = 3
    power: Annotated[float, Field(gt=0)] = 1.0
    divisor: Annotated[float, Field(gt=0)] = 1.0
    freeze_at_bound: bool = True
    prior: Literal["uniform", "weights"] = "uniform"
    selection: Literal["draw", "cycle"] | Annotated[int, Field(ge=0)] = "draw"


def emit(
    ops: Backend,
    params: Params,
    signal: Signal | None,
    shape: Shape,
    rng: Draws,
    settings: MixtureSampling,
    precision_max: float,
) -> Signal:
    """Return a draw for every position, shape (n, h, w, d); 0 and unknown where no signal is."""
    xp = ops.xp
    h, w, _ = shape
    sets, components, d = params["means"].shape
    present = None
    if signal is None:
        weights = _prior(xp, params, (rng.n, h, w, components), settings)
    else:
        tau = signal.values
        if signal.known is not None:
            tau = xp.where(signal.known, tau, xp.zeros_like(tau))
        present = (tau > 0).any(axis=-1)
        present = None if present.all() else present
        weights = _focused(xp, tau, settings)
    index = _select(ops, weights, rng, settings)
    means, r = params["means"], params["precision_sqrt"]
    few = r.size < index.size * d  # parameters than values to draw: then look up what is computed
    deviation = _deviation(xp, r, settings, precision_max) if few else r
    # of the drawn components, (n, h, w, d)
    if sets == 1:
        means, deviation = (xp.take(array[0], index, axis=0) for array in (means, deviation))
    else:
        position = xp.arange(h * w).reshape(1, h, w)
        means, deviation = means[position, index], deviation[position, index]
    if not few:
        deviation = _deviation(xp, deviation, settings, precision_max)
    values = rng.normal(h, w, d, dtype=means.dtype)
    values *= deviation
    values += means
    if present is None:
        return Signal(values)
    present = present[..., None]
    return Signal(xp.where(present, values, xp.zeros_like(values)), present)


def _deviation(xp: Any, r: Array, settings: MixtureSampling, precision_max: float) -> Array:
    """Return by how much draws of precision root r deviate from their mean."""
    deviation = 1 / (r * settings.divisor)
    if settings.freeze_at_bound:
        bound = precision_sqrt_max(precision_max) * (1 - 1e-6)
        deviation = xp.where(r >= bound, xp.zeros_like(deviation), deviation)
    return deviation


def _prior(xp: Any, params: Params, shape: tuple[int, ...], settings: MixtureSampling) -> Array:
    """Return what components are drawn by where nothing stands above, (n, h, w, K)."""
    logits = params["weight_logits"]
    if settings.prior == "uniform":
        logits = xp.zeros_like(logits)
    prior = xp.exp(log_softmax(xp, logits))
    sets, components = prior.shape
    spread = (1, 1, 1, components) if sets == 1 else (1, *shape[1:3], components)
    return xp.broadcast_to(prior.reshape(spread), shape)


def _focused(xp: Any, tau: Array, settings: MixtureSampling) -> Array:
    """Return what components are drawn by: the `top` largest control values, to their power."""
    components = tau.shape[-1]
    weights = xp.clip(tau.astype(xp.float64), CONTROL_MIN, CONTROL_MAX)
    # Relative to the largest: a high power can then neither overflow nor leave nothing to draw.
    weights = (weights / weights.max(axis=-1, keepdims=True)) ** settings.power
    if 0 < settings.top < components:
        smallest = xp.partition(weights, components - settings.top, axis=-1)
        threshold = smallest[..., components - settings.top, None]
        weights = xp.where(weights >= threshold, weights, xp.zeros_like(weights))
    return weights


def _select(ops: Backend, weights: Array, rng: Draws, settings: MixtureSampling) -> Array:
    """Return the index of a component for each position, (n, h, w)."""
    xp = ops.xp
    n, h, w, components = weights.shape
    if isinstance(settings.selection, int):
        return xp.full((n, h, w), settings.selection)
    if settings.selection == "cycle":
        first = rng.start * h * w
        return (xp.arange(first, first + n * h * w) % components).reshape(n, h, w)
    return ops.categorical(weights, rng.uniform(h, w, dtype=weights.dtype))
