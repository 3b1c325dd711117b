"""A mixture of factor analysers: Gaussians whose covariances have low rank plus a diagonal.

Within a component, ``x = mu + L z + e`` with l factors ``z ~ N(0, I)`` and noise ``e`` of diagonal
precision r^2, so that x has covariance ``L L' + diag(r^-2)``: what varies together is modelled
together (strokes that shift and slant), at l numbers more for each dimension. Learned by EM
(Ghahramani and Hinton, 1996) on sums that add over batches, or by gradient ascent on the same sums.

    top: {type: factor_analysers, components: 25, factors: 4}

Scores take the determinant and inverse of ``M = I + L' diag(r^2) L`` alone, which is l x l
(Woodbury). Means begin at rows of the first images; there is no annealing. Inputs should be about
on [0, 1]: an affine node brings them there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import log, pi
from operator import add
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from dcgraph.api import (
    Array,
    Arrays,
    Backend,
    Cost,
    Draws,
    Layer,
    Observation,
    Params,
    Positive,
    Sampling,
    Shape,
    Signal,
    SignalBlocks,
    Statistics,
    TrainableLayer,
    hookimpl,
)

__version__ = "1.0"

LOG_2PI = log(2 * pi)
LEARNED = ("means", "loadings", "precision_sqrt")
SUMS = ("Szz", "Sxz", "Sxx")
PRECISION_SQRT_MIN = 1e-3
WEIGHT_MIN = 1e-6  # a component that took less of the data keeps its parameters
LOADINGS_INIT = 0.1  # deviation of the first loadings
BLOCK = 2**21  # numbers of the input that are looked at together
ROWS_PER_COMPONENT = 4  # that the first means are chosen from, at least


class FactorSampling(Sampling):
    """Settings of the way down.

    Attributes
    ----------
    top : int
        Only the so many largest control values can be drawn (ties kept); 0 keeps all.
    divisor : float
        Deviations of the noise are divided by it; the factors' are not.
    """

    top: Annotated[int, Field(ge=0)] = 3
    divisor: Annotated[float, Field(gt=0)] = 1.0


class Factors(NamedTuple):
    """One component's view of m rows; `mean` and `covariance` are those of z, given the row."""

    score: Array  # (m,), log weight and log-density, without the constant d/2 log 2 pi
    mean: Array  # (m, l)
    covariance: Array  # (l, l), or (m, l, l) where rows are known in part


class View(NamedTuple):
    """What a mixture says of the m rows of a signal."""

    rows: Array  # (m, d)
    known: Array  # (m, d)
    factors: list[Factors]
    posterior: Array  # (m, K)
    log_likelihood: Array  # (m, 1)
    max_component: Array  # (m, 1)


class FactorAnalysers(TrainableLayer):
    """A mixture of factor analysers that all positions share; its posteriors go up.

    Attributes
    ----------
    components : int
        K.
    factors : int
        l, the rank of what a covariance has beside its diagonal.
    precision_max : float
        Upper bound of the noise's precision.
    """

    type: ClassVar[str] = "factor_analysers"
    offers: ClassVar[frozenset[str]] = frozenset({"gradients", "maximize"})
    is_density: ClassVar[bool] = True

    components: Positive
    factors: Positive = 2
    precision_max: Annotated[float, Field(gt=1e-6)] = 20.0
    sampling: FactorSampling = Field(default=FactorSampling(), exclude=True, repr=False)

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        ((h, w, _),) = shapes
        return h, w, self.components

    def parameter_shapes(self, shapes: Sequence[Shape]) -> dict[str, tuple[int, ...]]:
        ((_, _, d),) = shapes
        one = (self.components, d)
        shape = {"means": one, "loadings": (*one, self.factors), "precision_sqrt": one}
        return {**shape, "weight_logits": one[:1]}

    def cost(self, shapes: Sequence[Shape]) -> Cost:
        ((h, w, d),) = shapes
        rows, held = float(h * w * self.components), d + self.factors + 1
        return Cost(flops=rows * d * (8 * self.factors + 10), elements=rows * held)

    def init(self, shapes: Sequence[Shape], rng: np.random.Generator, dtype: Any) -> Arrays:
        shape = self.parameter_shapes(shapes)
        return {
            "means": rng.uniform(-0.1, 0.1, shape["means"]).astype(dtype),
            "loadings": (LOADINGS_INIT * rng.standard_normal(shape["loadings"])).astype(dtype),
            "precision_sqrt": np.full(shape["precision_sqrt"], self.precision_max**0.5, dtype),
            "weight_logits": np.zeros(shape["weight_logits"], dtype),
        }

    def images_to_prepare(self, shapes: Sequence[Shape]) -> int:
        ((h, w, _),) = shapes
        return -(-ROWS_PER_COMPONENT * self.components // (h * w))

    def prepare(
        self, ops: Backend, params: Params, inputs: Sequence[SignalBlocks], rng: np.random.Generator
    ) -> Arrays:
        """Return parameters whose means are rows of the first images, far from each other."""
        from sklearn.cluster import kmeans_plusplus

        (source,) = inputs
        rows, known = _rows(ops.xp, source.block(0, source.shape[0]))
        host = ops.to_host(rows[known.all(axis=1)])
        if len(host) < self.components:
            message = f"{self.components} means cannot begin at {len(host)} rows: use more images"
            raise ValueError(message)
        means, _ = kmeans_plusplus(host, self.components, random_state=int(rng.integers(2**31)))
        return {**params, "means": ops.asarray(means, params["means"].dtype)}

    # upward

    def _view(self, xp: Any, params: Params, signal: Signal) -> View:
        rows, known = _rows(xp, signal)
        joined, r = _joined(xp, params), params["precision_sqrt"]
        seen = None if signal.known is None else known
        each_of = zip(joined, r, _log_weights(xp, params), strict=True)
        factors = [_factors(xp, *each, rows, seen) for each in each_of]
        scores = xp.stack([each.score for each in factors], axis=-1)
        total, largest = _log_sum_exp(xp, scores), scores.max(axis=-1, keepdims=True)
        constant = LOG_2PI / 2 * known.sum(axis=-1, keepdims=True)
        likelihoods = ((each - constant).astype(rows.dtype) for each in (total, largest))
        return View(rows, known, factors, xp.exp(scores - total), *likelihoods)

    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        view = self._view(ops.xp, params, inputs[0])
        shape = (*inputs[0].shape[:3], self.components)
        known = view.known.any(axis=-1).reshape(*shape[:3], 1)
        return Signal(view.posterior.reshape(shape), known)

    def observe(
        self,
        ops: Backend,
        params: Params,
        inputs: Sequence[SignalBlocks],
        *,
        labels: Array | None,
        sigma: float,
        want: frozenset[str],
    ) -> Observation:
        xp, (source,) = ops.xp, inputs
        n, h, w, d = source.shape
        parts, sums = [], []
        at_once = max(1, BLOCK // (h * w * d))
        for start in range(0, n, at_once):
            view = self._view(xp, params, source.block(start, min(n, start + at_once)))
            parts.append((*view[3:], view.known.any(axis=-1)))
            if "statistics" in want:
                sums.append(Statistics(_sums(xp, view), float(len(view.rows))))
        posterior, evidence, largest, known = (
            xp.concatenate(part).reshape(n, h, w, -1) for part in zip(*parts, strict=True)
        )
        return Observation(
            output=Signal(posterior, None if bool(known.all()) else known),
            log_likelihood=evidence[..., 0],
            max_component=largest[..., 0],
            loss=evidence[..., 0],
            statistics=reduce(add, sums) if sums else None,
        )

    def curvature(self) -> float:
        return self.precision_max

    def objective_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], *, sigma: float
    ) -> tuple[Array, Sequence[Array]]:
        (signal,) = inputs
        view = self._view(ops.xp, params, signal)
        loss = view.log_likelihood.reshape(signal.shape[0], -1).sum(axis=1)
        return loss, (_gradient(params, view, view.posterior).reshape(signal.shape),)

    def input_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], grad: Array
    ) -> Sequence[Array]:
        (signal,) = inputs
        view = self._view(ops.xp, params, signal)
        posterior, grad = view.posterior, grad.reshape(view.posterior.shape)
        inner = posterior * (grad - (posterior * grad).sum(axis=-1, keepdims=True))
        return (_gradient(params, view, inner).reshape(signal.shape),)

    # learning

    def statistics_shapes(self, shapes: Sequence[Shape]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of sums of products of x and z, to which a constant 1 is joined."""
        ((_, _, d),) = shapes
        k, joined = self.components, self.factors + 1
        return {"Szz": (k, joined, joined), "Sxz": (k, d, joined), "Sxx": (k, d)}

    def usage(self, statistics: Statistics) -> Array:
        return statistics.sums["Szz"][:, -1, -1]

    def expected_statistics(self, ops: Backend, params: Params) -> Statistics:
        xp, joined = ops.xp, _joined(ops.xp, params)
        share = xp.exp(_log_weights(xp, params))
        second = (joined**2).sum(axis=-1) + params["precision_sqrt"] ** -2
        szz = share[:, None, None] * xp.eye(self.factors + 1, dtype=joined.dtype)
        sxz = share[:, None, None] * joined
        return Statistics({"Szz": szz, "Sxz": sxz, "Sxx": share[:, None] * second}, 1)

    def gradients(
        self, ops: Backend, params: Params, statistics: Statistics, *, sigma: float
    ) -> Arrays:
        """Return the gradients of the expected complete-data log-likelihood: those of the loss."""
        szz, sxz, sxx = (statistics.sums[name] / statistics.count for name in SUMS)
        share, joined, r = szz[:, -1, -1], _joined(ops.xp, params), params["precision_sqrt"]
        error = sxz - joined @ szz
        residual = sxx - (joined * (sxz + error)).sum(axis=-1)
        ascent = r[..., None] ** 2 * error
        weights = ops.xp.exp(_log_weights(ops.xp, params))
        found = {"means": ascent[..., -1], "loadings": ascent[..., :-1]}
        found["precision_sqrt"] = share[:, None] / r - r * residual
        return {**found, "weight_logits": share - weights * share.sum()}

    def maximize(
        self, ops: Backend, params: Params, statistics: Statistics, *, sigma: float
    ) -> Arrays:
        """Return the regression of x on z and 1, and what it leaves as noise."""
        xp, dtype = ops.xp, params["means"].dtype
        sums = statistics.sums
        szz, sxz, sxx = (sums[name].astype(xp.float64) / statistics.count for name in SUMS)
        share = szz[:, -1, -1]
        lost = (share < WEIGHT_MIN)[:, None]
        safe = xp.where(lost[..., None], xp.eye(self.factors + 1), szz)
        fitted = xp.linalg.solve(safe, sxz.swapaxes(1, 2)).swapaxes(1, 2)
        variance = (sxx - (fitted * sxz).sum(axis=-1)) / safe[:, -1, -1:]
        variance = xp.clip(variance, 1 / self.precision_max, 1 / PRECISION_SQRT_MIN**2)
        fitted = xp.where(lost[..., None], _joined(xp, params), fitted.astype(dtype))
        r = xp.where(lost, params["precision_sqrt"], (variance**-0.5).astype(dtype))
        learned = {"means": fitted[..., -1], "loadings": fitted[..., :-1], "precision_sqrt": r}
        weights = xp.maximum(share, WEIGHT_MIN)
        return {**learned, "weight_logits": xp.log(weights / weights.sum()).astype(dtype)}

    def fault(self, params: Params) -> str | None:
        r, bound = params["precision_sqrt"], self.precision_max**0.5
        if r.min() >= PRECISION_SQRT_MIN * (1 - 1e-6) and r.max() <= bound * (1 + 1e-6):
            return None
        return f"has precision roots outside [{PRECISION_SQRT_MIN}, {bound:.3g}]"

    def constrain(self, ops: Backend, params: Params) -> Arrays:
        r = ops.xp.clip(params["precision_sqrt"], PRECISION_SQRT_MIN, self.precision_max**0.5)
        return {**params, "precision_sqrt": r.astype(params["precision_sqrt"].dtype, copy=False)}

    # downward

    def control(
        self,
        ops: Backend,
        params: Params,
        signal: Signal | None,
        shapes: Sequence[Shape],
        rng: Draws,
    ) -> Sequence[Signal | None]:
        """Return draws of components that control values, or else their weights, choose."""
        xp, settings, ((h, w, d),) = ops.xp, self.sampling, shapes
        if signal is None:
            tau = xp.exp(_log_weights(xp, params))
            tau = xp.broadcast_to(tau, (rng.n, h, w, self.components))
        else:
            tau = (
                signal.values if signal.known is None else xp.where(signal.known, signal.values, 0)
            )
        present = (tau > 0).any(axis=-1, keepdims=True)
        weights = xp.where(present, xp.maximum(tau, 0), 1.0).astype(xp.float64)
        if signal is not None and 0 < settings.top < self.components:
            place = self.components - settings.top
            threshold = xp.partition(weights, place, axis=-1)[..., place, None]
            weights = xp.where(weights >= threshold, weights, 0.0)
        chosen = ops.categorical(weights, rng.uniform(h, w, dtype=weights.dtype))
        means, loadings, r = (params[name][chosen] for name in LEARNED)
        z = rng.normal(h, w, self.factors, dtype=means.dtype)
        noise = rng.normal(h, w, d, dtype=means.dtype) / (r * r.dtype.type(settings.divisor))
        values = means + (loadings @ z[..., None])[..., 0] + noise
        return (Signal(xp.where(present, values, xp.zeros_like(values)), present),)


def _log_sum_exp(xp: Any, scores: Array) -> Array:
    """Return the logarithm of the summed exponentials over the last axis, which stays."""
    largest = scores.max(axis=-1, keepdims=True)
    return largest + xp.log(xp.exp(scores - largest).sum(axis=-1, keepdims=True))


def _log_weights(xp: Any, params: Params) -> Array:
    return params["weight_logits"] - _log_sum_exp(xp, params["weight_logits"])


def _rows(xp: Any, signal: Signal) -> tuple[Array, Array]:
    """Return values (m, d), 0 where they are unknown, and what is known, of that shape."""
    known = xp.asarray(True) if signal.known is None else signal.known  # noqa: FBT003 - an array
    known = xp.broadcast_to(known, signal.shape).reshape(-1, signal.shape[-1])
    values = signal.values.reshape(known.shape)
    return values if signal.known is None else xp.where(known, values, 0), known


def _joined(xp: Any, params: Params) -> Array:
    """Return what maps (z, 1) to x: loadings and means, (K, d, l + 1)."""
    return xp.concatenate([params["loadings"], params["means"][..., None]], axis=-1)


def _factors(
    xp: Any, joined: Array, r: Array, log_weight: Array, x: Array, known: Array | None
) -> Factors:
    """Return one component's view of rows; dimensions that are unknown are left out of it."""
    loadings = joined[:, :-1]
    d, factors = loadings.shape
    y = (x - joined[:, -1]) * r
    scaled, log_r = loadings * r[:, None], xp.log(r)
    precision = xp.eye(factors, dtype=x.dtype)
    if known is None:
        precision = precision + scaled.T @ scaled
        log_scale = log_r.sum()
    else:
        here = known.astype(x.dtype)
        y = y * here
        outer = (scaled[:, :, None] * scaled[:, None]).reshape(d, factors**2)
        precision = precision + (here @ outer).reshape(-1, factors, factors)
        log_scale = here @ log_r
    covariance, projected = xp.linalg.inv(precision), y @ scaled
    factor_mean = (covariance @ projected[..., None])[..., 0]
    square = (y * y).sum(axis=-1) - (projected * factor_mean).sum(axis=-1)
    score = log_weight + log_scale - (xp.linalg.slogdet(precision)[1] + square) / 2
    return Factors(score.astype(x.dtype, copy=False), factor_mean, covariance)


def _gradient(params: Params, view: View, weights: Array) -> Array:
    """Return the gradients of all components' scores, (m, d), summed with weights (m, K)."""
    total = 0 * view.rows
    for k, each in enumerate(view.factors):
        mean, loadings, r = (params[name][k] for name in LEARNED)
        total -= weights[:, k, None] * r**2 * (view.rows - mean - each.mean @ loadings.T)
    return total * view.known


def _sums(xp: Any, view: View) -> Arrays:
    """Return expected sums of products of x and (z, 1), of each component by its rows' share.

    What is known in part is scored, not learned from.
    """
    q, x = view.posterior * view.known.all(axis=-1, keepdims=True), view.rows
    factors = view.factors[0].mean.shape[1]
    szz = xp.zeros((q.shape[1], factors + 1, factors + 1), x.dtype)
    sxz = xp.empty((q.shape[1], x.shape[1], factors + 1), x.dtype)
    for k, each in enumerate(view.factors):
        z = xp.concatenate([each.mean, xp.ones_like(each.mean[:, :1])], axis=1)
        weighted = q[:, k, None] * z
        szz[k] = z.T @ weighted
        sxz[k] = x.T @ weighted
        share = q[:, k].sum() if each.covariance.ndim == 2 else q[:, k]
        szz[k, :-1, :-1] += xp.tensordot(share, each.covariance, axes=share.ndim)
    return {"Szz": szz, "Sxz": sxz, "Sxx": q.T @ (x * x)}


@hookimpl
def register_layers() -> list[type[Layer]]:
    """Return the layer of this file."""
    return [FactorAnalysers]
