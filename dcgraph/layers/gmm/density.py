"""Scores, posteriors and their gradients.

``score_k(x) = log pi_k + sum_d log r_kd - 1/2 sum_d r_kd^2 (x_d - mu_kd)^2``

The square is expanded, so that all scores are one product of ``[x, x^2]`` with a weight matrix.
Where inputs have a large mean this would cancel: a constant offset is subtracted from x and mu.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log, pi
from typing import Any

from dcgraph.backends.contract import Backend
from dcgraph.backends.pieces import pieces
from dcgraph.contracts.layer import Params
from dcgraph.signal import Array, Signal
from dcgraph.state import FixedArrays

LOG_2PI = log(2 * pi)
PACKED = "packed mixture"


@dataclass(frozen=True, slots=True)
class PackedMixture:
    """Parameters laid out for the score product; P parameter sets, K components, d dimensions.

    Attributes
    ----------
    matrix : array of shape (P, 2 d, K)
        ``r^2 mu'`` above ``-r^2 / 2``, with ``mu' = mu - offset``; K runs slowest in memory.
    bias : array of shape (P, K)
        ``log pi + sum_d (log r - r^2 mu'^2 / 2)``.
    log_weights : array of shape (P, K)
    offset : float or array of shape ()
    xp : module
        The array namespace.
    """

    matrix: Array
    bias: Array
    log_weights: Array
    offset: Any
    xp: Any

    @property
    def dimensions(self) -> int:
        """d, the size of what one position sees."""
        return int(self.matrix.shape[1]) // 2

    @property
    def precision(self) -> Array:
        """r^2, array of shape (P, d, K)."""
        return -2 * self.matrix[:, self.dimensions :]

    @property
    def centred_means(self) -> Array:
        """The means about the offset, array of shape (P, d, K)."""
        return self.matrix[:, : self.dimensions] / self.precision

    @property
    def variances(self) -> Array:
        """1 / r^2, array of shape (P, d, K)."""
        return 1 / self.precision

    @property
    def dimension_bias(self) -> Array:
        """``log r - r^2 mu'^2 / 2``, array of shape (P, d, K)."""
        weighted, precision = self.matrix[:, : self.dimensions], self.precision
        return self.xp.log(precision) / 2 - weighted * weighted / (2 * precision)

    def of_sets(self, chosen: slice) -> PackedMixture:
        """Return some of the parameter sets."""
        return replace(
            self,
            matrix=self.matrix[chosen],
            bias=self.bias[chosen],
            log_weights=self.log_weights[chosen],
        )


def log_softmax(xp: Any, logits: Array) -> Array:
    """Return the logarithm of the softmax over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - xp.log(xp.exp(shifted).sum(axis=-1, keepdims=True))


def packed(ops: Backend, params: Params) -> PackedMixture:
    """Return the mixture's parameters laid out for the score product, by the fastest way.

    Of parameters that are fixed this is done once.
    """
    if not isinstance(params, FixedArrays):
        return _packed(ops, params)
    if PACKED not in params.memo:
        params.memo[PACKED] = _packed(ops, params)
    mixture: PackedMixture = params.memo[PACKED]
    return mixture


def _packed(ops: Backend, params: Params) -> PackedMixture:
    fast = ops.kernels.get("mixture_pack")
    if fast is None:
        return pack(ops.xp, params)
    matrix, bias, log_weights = fast(params)
    return PackedMixture(matrix.swapaxes(1, 2), bias, log_weights, params["offset"], ops.xp)


def pack(xp: Any, params: Params) -> PackedMixture:
    """Return the mixture's parameters laid out for the score product."""
    means, r = params["means"], params["precision_sqrt"]
    sets, components, d = means.shape
    offset = float(params["offset"])
    # transposed in the end: products take it as it is, and nothing need be moved
    matrix = xp.empty((sets, components, 2 * d), means.dtype)
    bias = xp.empty((sets, components), xp.float64)
    for piece in pieces(xp, means):
        centred = means[piece] - offset if offset else means[piece]
        precision = r[piece] * r[piece]
        weighted = xp.multiply(precision, centred, out=matrix[piece][..., :d])
        xp.multiply(precision, -0.5, out=matrix[piece][..., d:])
        terms = xp.multiply(weighted, centred, out=precision)
        terms *= -0.5
        terms += xp.log(r[piece])
        # Summed in double precision: the bias may be of the size of the largest term of a score.
        terms.sum(axis=-1, dtype=xp.float64, out=bias[piece])
    log_weights = log_softmax(xp, params["weight_logits"].astype(xp.float64))
    return PackedMixture(
        matrix.swapaxes(1, 2),
        (bias + log_weights).astype(means.dtype),
        log_weights.astype(means.dtype),
        offset,
        xp,
    )


def objective_gradient(
    ops: Backend, mixture: PackedMixture, signal: Signal, smoothing: Array | None, *, soft: bool
) -> tuple[Array, Array]:
    """Return the smoothed loss summed over positions, (n,), and its gradient (n, h, w, d)."""
    xp = ops.xp
    scores = plain_scores(ops, mixture, signal)
    smoothed = scores if smoothing is None else scores @ smoothing.T
    if soft:
        log_q = log_softmax(xp, smoothed)
        weights = xp.exp(log_q)
        value = (smoothed - log_q)[..., 0]
    else:
        winner = smoothed.argmax(axis=-1)
        weights = (xp.arange(smoothed.shape[-1]) == winner[..., None]).astype(scores.dtype)
        value = smoothed.max(axis=-1)
    if smoothing is not None:
        weights = weights @ smoothing
    loss = value.sum(axis=(1, 2)) - 0.5 * LOG_2PI * _known_dimensions(xp, signal)
    return loss, score_gradient(ops, mixture, signal, weights)


def posterior_gradient(ops: Backend, mixture: PackedMixture, signal: Signal, grad: Array) -> Array:
    """Return the gradient (n, h, w, d) through the posterior, given that at the posterior."""
    posterior = ops.xp.exp(log_softmax(ops.xp, plain_scores(ops, mixture, signal)))
    inner = posterior * (grad - (posterior * grad).sum(axis=-1, keepdims=True))
    return score_gradient(ops, mixture, signal, inner)


def plain_scores(ops: Backend, mixture: PackedMixture, signal: Signal) -> Array:
    """Return all scores, (n, h, w, K), without the constant."""
    return ops.mixture_scores(signal, mixture)


def score_gradient(ops: Backend, mixture: PackedMixture, signal: Signal, weights: Array) -> Array:
    """Return ``d/dx sum_k weights_k score_k``, (n, h, w, d), for weights of shape (n, h, w, K)."""
    xp = ops.xp
    n, h, w, d = signal.shape
    flat = weights.reshape(n, h * w, -1)
    sets = mixture.matrix.shape[0]
    # (P, n or n h w, K): rows of one parameter set together
    rows = flat.reshape(1, n * h * w, -1) if sets == 1 else flat.swapaxes(0, 1)
    back = rows @ mixture.matrix.swapaxes(1, 2)
    back = (
        back.reshape(n, h, w, 2 * d) if sets == 1 else back.swapaxes(0, 1).reshape(n, h, w, 2 * d)
    )
    gradient = back[..., :d] + 2 * (signal.values - mixture.offset) * back[..., d:]
    if signal.known is not None:
        gradient = xp.where(signal.known, gradient, xp.zeros_like(gradient))
    return gradient


def _known_dimensions(xp: Any, signal: Signal) -> Any:
    _, h, w, d = signal.shape
    if signal.known is None:
        return h * w * d
    return xp.broadcast_to(signal.known, signal.shape).sum(axis=(1, 2, 3))
