"""The linear classifier C(S), and its approximate inversion for conditional sampling (III-F)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Cost, Observation, Params, Sampling, TrainableLayer
from dcgraph.contracts.varying import Number
from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, Signal, SignalBlocks
from dcgraph.state import Arrays, Statistics


class ClassifierSampling(Sampling):
    """Settings of conditional sampling.

    Attributes
    ----------
    confidence : float in (0, 1)
        Probability given to the wanted class; the rest is spread evenly.
    """

    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95


class Classifier(TrainableLayer):
    """Softmax regression on the flattened input, trained by cross-entropy.

    Attributes
    ----------
    classes : int
        Labels run from 0 to ``classes - 1``.
    """

    type: ClassVar[str] = "classifier"
    offers: ClassVar[frozenset[str]] = frozenset({"gradients"})
    recordable: ClassVar[bool] = True
    uses_labels: ClassVar[bool] = True
    decaying: ClassVar[frozenset[str]] = frozenset({"weights"})
    default_optimizer: ClassVar[dict[str, Any]] = {
        "type": "sgd",
        "rate": 0.05,
        "rate_floor": 0.05,
        "factors": {},
    }

    classes: Annotated[int, Field(ge=2)]
    sampling: ClassifierSampling = Field(default=ClassifierSampling(), exclude=True, repr=False)

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        return 1, 1, self.classes

    def parameter_shapes(self, shapes: Sequence[Shape]) -> dict[str, tuple[int, ...]]:
        ((h, w, c),) = shapes
        return {"weights": (h * w * c, self.classes), "bias": (self.classes,)}

    def cost(self, shapes: Sequence[Shape]) -> Cost:
        ((h, w, c),) = shapes
        return Cost(flops=4.0 * h * w * c * self.classes, elements=float(h * w * c))

    def init(self, shapes: Sequence[Shape], rng: np.random.Generator, dtype: Any) -> Arrays:
        """Return zeros: there is no symmetry to break, and what never learns asks for no class."""
        shape = self.parameter_shapes(shapes)
        return {name: np.zeros(size, dtype) for name, size in shape.items()}

    def _log_probabilities(self, ops: Backend, params: Params, rows: Array) -> Array:
        logits = ops.matmul(rows, params["weights"]) + params["bias"]
        logits -= logits.max(axis=1, keepdims=True)
        logits -= ops.xp.log(ops.xp.exp(logits).sum(axis=1, keepdims=True))
        return logits

    def _rows(self, ops: Backend, signal: Signal) -> Array:
        """Return the flattened input (n, h*w*c); what is unknown adds nothing."""
        values, xp = signal.values, ops.xp
        if signal.known is not None:
            values = xp.where(signal.known, values, xp.zeros_like(values))
        return values.reshape(signal.shape[0], -1)

    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        (signal,) = inputs
        n = signal.shape[0]
        rows = self._rows(ops, signal)
        return Signal(ops.xp.exp(self._log_probabilities(ops, params, rows)).reshape(n, 1, 1, -1))

    def observe(
        self,
        ops: Backend,
        params: Params,
        inputs: Sequence[SignalBlocks],
        *,
        labels: Array | None,
        sigma: Number,
        want: frozenset[str],
    ) -> Observation:
        xp = ops.xp
        (source,) = inputs
        n = source.shape[0]
        rows = self._rows(ops, source.block(0, n))
        log_p = self._log_probabilities(ops, params, rows)
        output = Signal(xp.exp(log_p).reshape(n, 1, 1, -1)) if "output" in want else None
        if labels is None:
            return Observation(output=output)
        target = (labels[:, None] == xp.arange(self.classes)).astype(log_p.dtype)
        loss = (log_p * target).sum(axis=1).reshape(n, 1, 1)
        statistics = None
        if "statistics" in want:
            error = target - xp.exp(log_p)
            statistics = Statistics(
                {"weights": ops.matmul(rows.T, error), "bias": error.sum(axis=0)}, n
            )
        return Observation(output=output, log_likelihood=loss, loss=loss, statistics=statistics)

    def statistics_shapes(self, shapes: Sequence[Shape]) -> dict[str, tuple[int, ...]]:
        return self.parameter_shapes(shapes)

    def gradients(
        self, ops: Backend, params: Params, statistics: Statistics, *, sigma: Number
    ) -> Arrays:
        return {name: total / statistics.count for name, total in statistics.sums.items()}

    def control(
        self,
        ops: Backend,
        params: Params,
        signal: Signal | None,
        shapes: Sequence[Shape],
        rng: Draws,
    ) -> Sequence[Signal | None]:
        """Return W (log y - b), shifted so that its minimum is 0 for each sample (eq. 13).

        `signal` holds the wanted class probabilities y; one that rounds to 0 is taken as the
        smallest there is.
        """
        if signal is None:
            return (None,)
        (shape,) = shapes
        y = signal.values.reshape(signal.shape[0], self.classes)
        y = ops.xp.maximum(y, y.dtype.type(np.finfo(y.dtype).tiny))
        tau = (ops.xp.log(y) - params["bias"]) @ params["weights"].T
        tau -= tau.min(axis=1, keepdims=True)
        return (Signal(tau.reshape(-1, *shape)),)

    def wanted(self, labels: Array, dtype: Any) -> Array:
        """Return class probabilities (n, 1, 1, classes) that ask for the labels (n,).

        Raises
        ------
        ValueError
            A label is no class.
        """
        labels = np.asarray(labels)
        bad = labels[(labels < 0) | (labels >= self.classes)]
        if bad.size:
            message = f"label {bad[0]} is no class: labels run from 0 to {self.classes - 1}"
            raise ValueError(message)
        confidence = self.sampling.confidence
        y = np.full((len(labels), self.classes), (1 - confidence) / (self.classes - 1), dtype)
        y[np.arange(len(labels)), labels] = confidence
        return y.reshape(-1, 1, 1, self.classes)

    def input_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], grad: Array
    ) -> Sequence[Array]:
        (signal,) = inputs
        n = signal.shape[0]
        p = self.forward(ops, params, inputs).values.reshape(n, -1)
        grad = grad.reshape(n, -1)
        inner = p * (grad - (p * grad).sum(axis=1, keepdims=True))
        gradient = (inner @ params["weights"].T).reshape(signal.shape)
        if signal.known is not None:
            gradient = ops.xp.where(signal.known, gradient, ops.xp.zeros_like(gradient))
        return (gradient,)
