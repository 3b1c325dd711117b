"""The published training step, written out in double precision, one patch after the other.

Nothing here is shared with the package: no sufficient statistics, no expanded squares, no blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def patches(x: Array, kernel: int, stride: int) -> Array:
    """Return patches laid into channels, for a batch (n, h, w, c)."""
    n, h, w, _ = x.shape
    rows, columns = (range(0, size - kernel + 1, stride) for size in (h, w))
    out = np.empty((n, len(rows), len(columns), kernel * kernel * x.shape[3]))
    for i, y in enumerate(rows):
        for j, z in enumerate(columns):
            out[:, i, j] = x[:, y : y + kernel, z : z + kernel].reshape(n, -1)
    return out


def neighbourhood(components: int, sigma: float) -> Array:
    """Return the row-normalised smoothing mask on the torus."""
    side = round(components**0.5)
    mask = np.empty((components, components))
    for a in range(components):
        for b in range(components):
            rows, columns = abs(a // side - b // side), abs(a % side - b % side)
            rows, columns = min(rows, side - rows), min(columns, side - columns)
            mask[a, b] = np.exp(-(rows**2 + columns**2) / (2 * sigma**2))
    return mask / mask.sum(axis=1, keepdims=True)


@dataclass
class Annealed:
    """The published rule: sigma and the rate fall where the loss has stopped rising."""

    sigma: float
    rate: float
    floor: float
    rate_floor: float
    period: int
    gamma: float = 0.9
    delta: float = 0.05
    losses: list[float] = field(default_factory=list)
    averages: list[float] = field(default_factory=list)

    def hear(self, loss: float) -> None:
        self.losses.append(loss)
        if len(self.losses) % self.period != self.period - 1:
            return
        average = float(np.mean(self.losses[-(self.period - 1) :]))
        if len(self.averages) >= 2:
            limit = (average - self.averages[-1]) / (self.averages[-1] - self.averages[0])
            if -2 * self.delta < limit < self.delta:
                self.sigma = max(self.gamma * self.sigma, self.floor)
                self.rate = max(self.gamma * self.rate, self.rate_floor)
        self.averages.append(average)


@dataclass
class Mixture:
    """A mixture layer. `mu`, `root` are (P, K, d), `logits` (P, K): P is 1, or every position.

    Attributes
    ----------
    over_positions : bool
        Whether weights are normalised over components and positions together, as published, or
        over the components of each position.
    """

    mu: Array
    root: Array
    logits: Array
    annealed: Annealed
    rate_root: float
    rate_weights: float
    bound: float = 20.0
    over_positions: bool = False

    def weights(self) -> Array:
        e = np.exp(self.logits)
        return e / (e.sum() if self.over_positions else e.sum(axis=1, keepdims=True))

    def rows(self, x: Array) -> Iterator[tuple[int, Array]]:
        """Yield (parameter set, patch), image by image."""
        for image in x.reshape(len(x), -1, x.shape[3]):
            for position, row in enumerate(image):
                yield (position if len(self.mu) > 1 else 0), row

    def scores(self, p: int, row: Array) -> Array:
        distance = (self.root[p] ** 2 * (row - self.mu[p]) ** 2).sum(axis=1)
        return np.log(self.weights()[p]) + np.log(self.root[p]).sum(axis=1) - 0.5 * distance

    def forward(self, x: Array) -> Array:
        """Return posteriors."""
        out = []
        for p, row in self.rows(x):
            scores = self.scores(p, row)
            e = np.exp(scores - scores.max())
            out.append(e / e.sum())
        return np.array(out).reshape(*x.shape[:3], -1)

    def step(self, x: Array) -> float:
        """Ascend the mean over the batch and its positions; return that loss before the step."""
        mask = neighbourhood(self.mu.shape[1], self.annealed.sigma)
        d_mu, d_root, d_logits = (np.zeros_like(a) for a in (self.mu, self.root, self.logits))
        total, count = 0.0, 0
        pi = self.weights()
        for p, row in self.rows(x):
            smoothed = mask @ self.scores(p, row)
            winner = smoothed.argmax()
            total += smoothed[winner] - 0.5 * x.shape[3] * np.log(2 * np.pi)
            count += 1
            for j, share in enumerate(mask[winner]):
                difference = row - self.mu[p, j]
                d_mu[p, j] += share * self.root[p, j] ** 2 * difference
                d_root[p, j] += share * (1 / self.root[p, j] - self.root[p, j] * difference**2)
                d_logits[p, j] += share
            d_logits -= pi if self.over_positions else pi * (np.arange(len(pi)) == p)[:, None]
        # with parameters of their own, the published step undoes the mean over positions
        scale = self.annealed.rate * len(self.mu) / count
        self.mu = self.mu + scale * d_mu
        self.root = self.root + scale * self.rate_root * d_root
        self.logits = self.logits + scale * self.rate_weights * d_logits
        self.root = np.clip(self.root, 1e-3, np.sqrt(self.bound))
        self.annealed.hear(total / count)
        return total / count


@dataclass
class Classifier:
    """Softmax regression on the flattened input."""

    weights: Array
    bias: Array
    rate: float

    def step(self, x: Array, labels: NDArray[np.int64]) -> None:
        flat = x.reshape(len(x), -1)
        d_weights, d_bias = np.zeros_like(self.weights), np.zeros_like(self.bias)
        for row, label in zip(flat, labels, strict=True):
            e = np.exp(row @ self.weights + self.bias)
            error = (np.arange(len(self.bias)) == label) - e / e.sum()
            d_weights += np.outer(row, error)
            d_bias += error
        self.weights = self.weights + self.rate * d_weights / len(x)
        self.bias = self.bias + self.rate * d_bias / len(x)
