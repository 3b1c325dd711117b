"""The hyper-parameters of a mixture layer, and how its parts work together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Cost, Observation, Params, TrainableLayer
from dcgraph.contracts.varying import Number, derived, settled
from dcgraph.layers.gmm import density, start, updates
from dcgraph.layers.gmm.sampling import MixtureSampling, emit
from dcgraph.layers.gmm.smoothing import is_negligible, smoothing_matrix, starting_width
from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, Signal, SignalBlocks
from dcgraph.spec import Positive
from dcgraph.state import Arrays, Statistics


class GaussianMixture(TrainableLayer):
    """A mixture of diagonal Gaussians at every position; its posteriors go up.

    Attributes
    ----------
    components : int
        K.
    share : bool
        One parameter set for all positions, or one for each.
    loss : {"max_component", "log_likelihood"}
        What is trained: the largest smoothed score (paper eq. 8), or their logsumexp.
    precision_max : float
        Upper bound of the precisions.
    means_init : float
        Means are drawn uniformly from [-means_init, means_init].
    means_from : {"uniform", "samples", "kmeans"}
        Or they are rows of the first images that are learned from: drawn at random, or by
        k-means++. A wide annealing smooths such a start away: give it a small `start`.
    """

    type: ClassVar[str] = "gmm"
    constants: ClassVar[tuple[str, ...]] = ("offset",)
    offers: ClassVar[frozenset[str]] = frozenset({"gradients", "maximize"})
    recordable: ClassVar[bool] = True
    is_density: ClassVar[bool] = True

    components: Positive
    share: bool = True
    loss: Literal["max_component", "log_likelihood"] = "max_component"
    precision_max: Annotated[float, Field(gt=1e-6)] = 20.0
    means_init: Annotated[float, Field(ge=0)] = 0.1
    means_from: start.MeansFrom = "uniform"
    sampling: MixtureSampling = Field(default=MixtureSampling(), exclude=True, repr=False)

    # shapes and initial values

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        ((h, w, _),) = shapes
        selected = self.sampling.selection
        if isinstance(selected, int) and selected >= self.components:
            message = (
                f"sampling selects component {selected}, received components: {self.components}; "
                f"indices run from 0 to {self.components - 1}"
            )
            raise ValueError(message)
        return h, w, self.components

    def parameter_shapes(self, shapes: Sequence[Shape]) -> dict[str, tuple[int, ...]]:
        ((h, w, d),) = shapes
        sets = 1 if self.share else h * w
        return {
            "means": (sets, self.components, d),
            "precision_sqrt": (sets, self.components, d),
            "weight_logits": (sets, self.components),
            "offset": (),
        }

    def cost(self, shapes: Sequence[Shape]) -> Cost:
        ((h, w, d),) = shapes
        # scores and statistics are one product of [x, x^2] each
        return Cost(
            flops=8.0 * h * w * d * self.components, elements=float(h * w * self.components)
        )

    def init(self, shapes: Sequence[Shape], rng: np.random.Generator, dtype: Any) -> Arrays:
        shape = self.parameter_shapes(shapes)
        means = rng.uniform(-self.means_init, self.means_init, shape["means"])
        bound = updates.precision_sqrt_max(self.precision_max)
        return {
            "means": means.astype(dtype),
            "precision_sqrt": np.full(shape["precision_sqrt"], bound, dtype),
            "weight_logits": np.zeros(shape["weight_logits"], dtype),
            "offset": np.zeros((), dtype),
        }

    def annealing_width(self) -> float:
        return starting_width(self.components)

    def images_to_prepare(self, shapes: Sequence[Shape]) -> int:
        if self.means_from == "uniform":
            return 1
        ((h, w, _),) = shapes
        rows = h * w if self.share else 1
        return -(-start.ROWS_PER_COMPONENT * self.components // rows)

    def prepare(
        self,
        ops: Backend,
        params: Params,
        inputs: Sequence[SignalBlocks],
        rng: np.random.Generator,
    ) -> Arrays:
        """Return parameters about the mean of the input, with means as `means_from` says."""
        (source,) = inputs
        signal = source.block(0, source.shape[0])
        dtype = params["means"].dtype
        mean = start.offset_of(ops.xp, signal)
        offset = ops.asarray(mean, dtype)
        if self.means_from == "uniform":
            if not mean:
                return dict(params)
            return {**params, "means": params["means"] + offset, "offset": offset}
        means = start.means_from_data(
            ops.to_host(signal.values),
            None if signal.known is None else ops.to_host(signal.known),
            self.components,
            share=self.share,
            how=self.means_from,
            rng=rng,
        )
        return {**params, "means": ops.asarray(means, dtype), "offset": offset}

    # upward

    def _smoothing(self, ops: Backend, params: Params, sigma: Number) -> Array | None:
        dtype = params["means"].dtype
        if settled(sigma, is_negligible, dtype):
            return None
        matrix: Array = derived(ops, sigma, smoothing_matrix, self.components, dtype=dtype)
        return matrix

    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        want = frozenset({"output"})
        output = self.observe(ops, params, inputs, labels=None, sigma=0.0, want=want).output
        assert output is not None  # wanted
        return output

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
        (source,) = inputs
        return self.observed(ops, params, partial(ops.mixture_observe, source), sigma, want)

    def observed(
        self,
        ops: Backend,
        params: Params,
        look: Callable[..., dict[str, Any]],
        sigma: Number,
        want: frozenset[str],
    ) -> Observation:
        """Return the observation of what `look` sees: a backend's function, given its input."""
        smoothing = self._smoothing(ops, params, sigma) if want & {"loss", "statistics"} else None
        soft = self.loss == "log_likelihood"
        seen = look(density.packed(ops, params), smoothing, soft=soft, want=want)
        output = statistics = None
        if "output" in want:
            output = Signal(seen["output"], seen.get("known"))
        if "statistics" in want:
            sums = {name: seen[name] for name in ("S0", "S1", "S2")}
            statistics = Statistics(sums, seen["count"])
        return Observation(
            output=output,
            log_likelihood=seen.get("log_likelihood"),
            max_component=seen.get("max_component"),
            loss=seen.get("loss"),
            statistics=statistics,
        )

    def curvature(self) -> float:
        return self.precision_max

    def objective_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], *, sigma: Number
    ) -> tuple[Array, Sequence[Array]]:
        (signal,) = inputs
        loss, gradient = density.objective_gradient(
            ops,
            density.packed(ops, params),
            signal,
            self._smoothing(ops, params, sigma),
            soft=self.loss == "log_likelihood",
        )
        return loss, (gradient,)

    def input_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], grad: Array
    ) -> Sequence[Array]:
        (signal,) = inputs
        return (density.posterior_gradient(ops, density.packed(ops, params), signal, grad),)

    # learning

    def statistics_shapes(self, shapes: Sequence[Shape]) -> dict[str, tuple[int, ...]]:
        shape = self.parameter_shapes(shapes)
        return {"S0": shape["weight_logits"], "S1": shape["means"], "S2": shape["means"]}

    def usage(self, statistics: Statistics) -> Array:
        return statistics.sums["S0"].sum(axis=0)

    def expected_statistics(self, ops: Backend, params: Params) -> Statistics:
        return updates.expected_statistics(ops.xp, params)

    def gradients(
        self, ops: Backend, params: Params, statistics: Statistics, *, sigma: Number
    ) -> Arrays:
        smoothing = self._smoothing(ops, params, sigma)
        return updates.gradients(ops.xp, params, statistics, smoothing, ops.matmul)

    def maximize(
        self, ops: Backend, params: Params, statistics: Statistics, *, sigma: Number
    ) -> Arrays:
        smoothing = self._smoothing(ops, params, sigma)
        fast = ops.kernels.get("mixture_maximize")
        if fast is None:
            return updates.maximize(ops.xp, params, statistics, smoothing, self.precision_max)
        learned = fast(
            updates.smoothed(statistics, smoothing, product=ops.matmul),
            params,
            weight_min=updates.WEIGHT_MIN,
            variance_min=1 / self.precision_max,
        )
        return {**params, **learned}

    def fault(self, params: Params) -> str | None:
        r = params["precision_sqrt"]
        bound = updates.precision_sqrt_max(self.precision_max)
        if r.min() < updates.PRECISION_SQRT_MIN * (1 - 1e-6) or r.max() > bound * (1 + 1e-6):
            return (
                f"has precision roots from {r.min():.3g} to {r.max():.3g}, outside "
                f"[{updates.PRECISION_SQRT_MIN}, {bound:.3g}]"
            )
        return None

    def constrain(self, ops: Backend, params: Params) -> Arrays:
        return updates.constrain(ops, params, self.precision_max)

    # downward

    def control(
        self,
        ops: Backend,
        params: Params,
        signal: Signal | None,
        shapes: Sequence[Shape],
        rng: Draws,
    ) -> Sequence[Signal | None]:
        (shape,) = shapes
        return (emit(ops, params, signal, shape, rng, self.sampling, self.precision_max),)
