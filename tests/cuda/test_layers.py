"""Every layer, in every direction, on both backends, with the same random numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from builders import random_mixture
from twins import HOST, assert_close, from_device, to_device

from dcgraph.layers import (
    Classifier,
    Concat,
    ContrastNormalization,
    Folding,
    GaussianMixture,
    Pooling,
)
from dcgraph.layers.gmm.sampling import MixtureSampling
from dcgraph.rng import SampleStreams
from dcgraph.signal import Signal
from dcgraph.state import Statistics

SHAPE = (3, 6, 4, 2)
WANT = frozenset({"output", "log_likelihood", "max_component", "loss", "statistics"})


@dataclass
class Moved:
    """Numbers drawn on the host, on the device of a backend."""

    ops: Any
    host: SampleStreams

    @property
    def start(self):
        return self.host.start

    @property
    def n(self):
        return self.host.n

    def uniform(self, *shape, dtype):
        return self.ops.asarray(self.host.uniform(*shape, dtype=dtype))

    def normal(self, *shape, dtype):
        return self.ops.asarray(self.host.normal(*shape, dtype=dtype))


def draws(ops, n=3):
    return Moved(ops, SampleStreams(1, "node", "test", 5, n))


@pytest.fixture
def both(cupy_ops, dtype):
    """Call a function with each backend, and compare signals or arrays."""

    def compare(function, *args, rtol=None):
        expected = function(HOST, *args)
        got = from_device(cupy_ops, function(cupy_ops, *(to_device(cupy_ops, a) for a in args)))
        for number, (one, two) in enumerate(zip(_flat(got), _flat(expected), strict=True)):
            assert_close({str(number): one}, {str(number): two}, dtype, rtol=rtol)

    return compare


def _flat(result):
    """Return the arrays in a result; a mask that is true everywhere is none."""
    if isinstance(result, Signal):
        known = result.known
        mask = (
            np.ones(result.shape, bool) if known is None else np.broadcast_to(known, result.shape)
        )
        return [np.where(mask, result.values, 0), mask.astype(result.values.dtype)]
    if isinstance(result, dict):
        return [array for name in sorted(result) for array in _flat(result[name])]
    if isinstance(result, list | tuple):
        return [array for item in result for array in _flat(item)]
    return [] if result is None else [np.asarray(result)]


def signal(random, dtype, shape=SHAPE, *, masked=True):
    values = random.standard_normal(shape).astype(dtype)
    if not masked:
        return Signal(values)
    known = random.random(shape) < 0.6
    return Signal(np.where(known, values, 0).astype(dtype), known)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    "layer",
    [
        Folding(kernel=(2, 3), stride=(2, 1)),
        Pooling(kernel=(2, 3), stride=(2, 2), ceil=True),
        Pooling(kernel=2),
        Pooling(kernel=2, control="sparse"),
    ],
    ids=repr,
)
def test_transformations(both, random, dtype, layer, masked):
    up = signal(random, dtype, masked=masked)
    shapes = [SHAPE[1:]]
    above = (SHAPE[0], *layer.output_shape(shapes))
    down = signal(random, dtype, above, masked=masked)
    both(lambda ops, x: layer.forward(ops, {}, [x]), up)
    both(lambda ops, x: list(layer.control(ops, {}, x, shapes, draws(ops))), down)
    both(lambda ops, x, g: list(layer.input_gradient(ops, {}, [x], g)), up, down.values)


@pytest.mark.parametrize("masked", [False, True])
def test_contrast_normalization(both, random, dtype, masked):
    layer = ContrastNormalization(epsilon=0.01)
    up, down = (signal(random, dtype, (3, 6, 4, 9), masked=masked) for _ in range(2))
    up = Signal(np.abs(up.values), up.known)  # whose mean is not 0 by chance
    shapes = [up.shape[1:]]
    fresh = layer.init(shapes, random, dtype)
    both(lambda ops, p, x: layer.prepare(ops, p, [x], random), fresh, up)
    fitted = layer.prepare(HOST, fresh, [up], random)
    both(lambda ops, p, x: layer.forward(ops, p, [x]), fitted, up)
    both(lambda ops, p, x: list(layer.control(ops, p, x, shapes, draws(ops))), fitted, down)
    both(lambda ops, p, x, g: list(layer.input_gradient(ops, p, [x], g)), fitted, up, down.values)


@pytest.mark.parametrize("mode", ["flat", "channels"])
def test_concat(both, random, dtype, mode):
    layer = Concat(mode=mode)
    shapes = [SHAPE[1:], (6, 4, 3)]
    one = signal(random, dtype)
    two = signal(random, dtype, (3, 6, 4, 3), masked=False)
    above = signal(random, dtype, (3, *layer.output_shape(shapes)))
    both(lambda ops, a, b: layer.forward(ops, {}, [a, b]), one, two)
    both(lambda ops, x: list(layer.control(ops, {}, x, shapes, draws(ops))), above)
    both(
        lambda ops, a, b, g: list(layer.input_gradient(ops, {}, [a, b], g)), one, two, above.values
    )


def test_classifier(both, random, dtype):
    layer = Classifier(classes=4)
    shapes = [SHAPE[1:]]
    params = layer.init(shapes, random, dtype)
    x = signal(random, dtype, masked=False)
    labels = np.array([2, 0, 3])
    wanted = Signal(layer.wanted(labels, dtype))

    def observe(ops, params, x, labels):
        seen = layer.observe(ops, params, [x], labels=labels, sigma=0.0, want=WANT)
        gradients = layer.gradients(ops, params, seen.statistics, sigma=0.0)
        return [seen.output, seen.loss, seen.log_likelihood, dict(seen.statistics.sums), gradients]

    both(observe, params, x, labels)
    both(lambda ops, p, x: layer.forward(ops, p, [x]), params, x)
    both(lambda ops, p, y: list(layer.control(ops, p, y, shapes, draws(ops))), params, wanted)
    both(lambda ops, p, x, g: list(layer.input_gradient(ops, p, [x], g)), params, x, wanted.values)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("loss", ["max_component", "log_likelihood"])
@pytest.mark.parametrize("share", [True, False])
def test_mixture_upward(both, random, dtype, share, loss, masked):
    layer = GaussianMixture(components=9, share=share, loss=loss)
    params = random_mixture(
        random, components=9, dimensions=2, sets=1 if share else 24, dtype=dtype, scale=0.3
    )
    params["precision_sqrt"] = np.minimum(params["precision_sqrt"], dtype.type(2.0))
    x = signal(random, dtype, masked=masked)
    grad = random.standard_normal((3, 6, 4, 9)).astype(dtype)

    def observe(ops, params, x):
        seen = layer.observe(ops, params, [x], labels=None, sigma=0.7, want=WANT)
        assert seen.statistics is not None
        fitted = Statistics(seen.statistics.sums, seen.statistics.count)
        return [
            seen.output,
            seen.loss,
            seen.log_likelihood,
            seen.max_component,
            dict(seen.statistics.sums),
            np.asarray(seen.statistics.count),
            layer.gradients(ops, params, fitted, sigma=0.7),
            layer.constrain(ops, layer.maximize(ops, params, fitted, sigma=0.7)),
            dict(layer.expected_statistics(ops, params).sums),
        ]

    rtol = 1e-4 if dtype == np.float32 else 1e-10
    both(observe, params, x, rtol=rtol)
    both(lambda ops, p, x: layer.forward(ops, p, [x]), params, x)
    both(
        lambda ops, p, x, g: list(layer.input_gradient(ops, p, [x], g)), params, x, grad, rtol=rtol
    )
    both(lambda ops, p, x: layer.objective_gradient(ops, p, [x], sigma=0.7), params, x, rtol=rtol)


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"top": 1, "divisor": 5.0},
        {"top": 0, "power": 3.0, "freeze_at_bound": False},
        {"selection": "cycle", "prior": "weights"},
        {"selection": 4},
        {"prior": "weights"},
    ],
    ids=str,
)
def test_mixture_downward(both, random, dtype, share, settings):
    layer = GaussianMixture(components=9, share=share)
    layer = layer.model_copy(update={"sampling": MixtureSampling(**settings)})
    params = random_mixture(
        random, components=9, dimensions=2, sets=1 if share else 24, dtype=dtype
    )
    params["precision_sqrt"][:, ::2] = np.sqrt(layer.precision_max)
    tau = signal(random, dtype, (3, 6, 4, 9))
    shapes = [SHAPE[1:]]

    def control(ops, params, tau):
        return list(layer.control(ops, params, tau, shapes, draws(ops)))

    both(control, params, tau)
    both(control, params, Signal(np.abs(tau.values)))
    both(lambda ops, params: control(ops, params, None), params)
