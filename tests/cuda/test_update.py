"""Kernels of updates against what the layer computes without them."""

from __future__ import annotations

import numpy as np
import pytest
from builders import random_mixture, random_rows
from twins import assert_close, from_device, to_device

from dcgraph.backends.cupy import update
from dcgraph.layers.gmm import density, updates
from dcgraph.state import Statistics

CASES = [(1, 1, 1), (1, 9, 7), (5, 4, 33), (1, 49, 70), (7, 36, 3), (1, 2, 1100)]


@pytest.fixture(params=CASES, ids=str)
def parameters(request, random, dtype):
    sets, components, depth = request.param
    return random_mixture(
        random, components=components, dimensions=depth, sets=sets, dtype=dtype, offset=3.0
    )


def test_pack(cupy_ops, parameters, dtype):
    expected = density.pack(np, parameters)
    got = density.packed(cupy_ops, to_device(cupy_ops, parameters))
    for name in ("matrix", "bias", "log_weights", "centred_means", "variances", "dimension_bias"):
        array = cupy_ops.to_host(getattr(got, name))
        assert_close({name: array}, {name: getattr(expected, name)}, dtype)
    assert float(got.offset) == expected.offset


@pytest.mark.parametrize("smooth", [False, True])
def test_maximize(cupy_ops, parameters, random, dtype, smooth):
    sets, components, depth = parameters["means"].shape
    s0 = random.random((sets, components)).astype(dtype)
    s0[:, components // 2] = 0  # lost
    x = random.standard_normal((sets, components, depth)).astype(dtype)
    spread = random.random(x.shape).astype(dtype)
    spread[..., 0] = 0  # at the floor
    sums = {"S0": s0, "S1": s0[..., None] * x, "S2": s0[..., None] * (x**2 + spread)}
    smoothing = random_rows(random, components).astype(dtype) if smooth else None
    expected = updates.maximize(np, parameters, Statistics(sums, 2.0), smoothing, 20.0)
    there = Statistics(to_device(cupy_ops, sums), 2.0)
    got = cupy_ops.kernels["mixture_maximize"](
        updates.smoothed(there, to_device(cupy_ops, smoothing)),
        to_device(cupy_ops, parameters),
        weight_min=updates.WEIGHT_MIN,
        variance_min=1 / 20.0,
    )
    del expected["offset"]
    # variances are differences of larger numbers
    assert_close(from_device(cupy_ops, got), expected, dtype, rtol=1e3 * np.finfo(dtype).eps)
    if not smooth and components > 1:
        lost = components // 2
        np.testing.assert_array_equal(
            from_device(cupy_ops, got)["means"][:, lost], parameters["means"][:, lost]
        )


def test_precision_roots_are_kept_in_bounds(cupy_ops, parameters, random, dtype):
    s0 = random.random(parameters["weight_logits"].shape).astype(dtype)
    s0[:, ::2] = 0  # these keep theirs, and are bounded, too
    x = random.standard_normal(parameters["means"].shape).astype(dtype)
    sums = {"S0": s0, "S1": s0[..., None] * x, "S2": s0[..., None] * (x**2 + random.random())}
    there = to_device(cupy_ops, parameters)
    options = {"weight_min": updates.WEIGHT_MIN, "variance_min": 1 / 20.0}
    free, bounded = (
        from_device(
            cupy_ops,
            update.mixture_maximize(
                cupy_ops.device, tuple(to_device(cupy_ops, sums).values()), there, **options, **more
            ),
        )
        for more in ({}, {"bounds": (0.9, 1.3)})
    )
    root = free.pop("precision_sqrt")
    np.testing.assert_array_equal(
        bounded.pop("precision_sqrt"), np.clip(root, dtype.type(0.9), dtype.type(1.3))
    )
    for name, array in free.items():
        np.testing.assert_array_equal(bounded[name], array)


@pytest.mark.parametrize("on_device", [False, True])
@pytest.mark.parametrize("names", [0, 1, 3, 4])
def test_running_means(cupy_ops, random, dtype, names, on_device):
    shapes = [(2, 3), (2, 3, 50), (2, 3, 5), (7,)][:names]
    running, batch = (
        {str(i): random.standard_normal(shape).astype(dtype) for i, shape in enumerate(shapes)}
        for _ in range(2)
    )
    factors = [dtype.type(0.75), dtype.type(2.5)]
    expected = {name: factors[0] * running[name] + factors[1] * batch[name] for name in running}
    given = [cupy_ops.asarray(factor) if on_device else float(factor) for factor in factors]
    got = update.running_mean(
        cupy_ops.device, to_device(cupy_ops, running), to_device(cupy_ops, batch), *given
    )
    assert_close(from_device(cupy_ops, got), expected, dtype)
