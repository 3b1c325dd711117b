"""Pooling kernels against their NumPy twins, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from twins import HOST, assert_equal, call

CASES = [  # shape, kernel, stride, ceil
    ((2, 6, 4, 3), (2, 2), (2, 2), False),
    ((3, 7, 5, 1), (2, 3), (2, 3), True),  # windows stick out
    ((1, 5, 6, 2), (3, 2), (1, 1), False),  # windows overlap
    ((2, 5, 5, 2), (3, 3), (2, 2), True),
    ((2, 7, 3, 1), (2, 1), (3, 2), False),  # gaps between windows
    ((1, 3, 2, 4), (3, 2), (1, 1), False),  # one window
    ((0, 4, 4, 1), (2, 2), (2, 2), False),
]


@pytest.fixture(params=CASES, ids=str)
def geometry(request):
    shape, kernel, stride, ceil = request.param
    size = tuple(
        1 + (-((f - length) // s) if ceil else (length - f) // s)
        for length, f, s in zip(shape[1:3], kernel, stride, strict=True)
    )
    return shape, kernel, stride, size


def test_max(cupy_ops, geometry, random, dtype):
    shape, *windows = geometry
    assert_equal(cupy_ops, "pool_max", random.standard_normal(shape).astype(dtype), *windows)
    assert_equal(cupy_ops, "pool_max", np.full(shape, -np.inf, dtype), *windows)


def test_nan_is_not_passed_over(cupy_ops, dtype):
    for place in range(4):
        x = np.arange(4, dtype=dtype)
        x[place] = np.nan
        out = call(cupy_ops, "pool_max", x.reshape(1, 2, 2, 1), (2, 2), (2, 2), (1, 1))
        assert np.isnan(out).all()


@pytest.mark.parametrize("chosen", [False, True])
@pytest.mark.parametrize("masked", ["no", "entries", "positions", "nothing"])
def test_spread(cupy_ops, geometry, random, dtype, masked, chosen):
    shape, kernel, stride, size = geometry
    y = random.standard_normal((shape[0], *size, shape[3])).astype(dtype)
    known = {
        "no": None,
        "entries": random.random(y.shape) < 0.5,
        "positions": random.random((*y.shape[:3], 1)) < 0.5,
        "nothing": np.zeros((1, 1, 1, 1), bool),
    }[masked]
    choice = random.integers(0, kernel[0] * kernel[1], y.shape[:3]) if chosen else None
    assert_equal(cupy_ops, "pool_spread", y, known, choice, shape[1:], kernel, stride)


def test_adjoint(cupy_ops, geometry, random, dtype):
    shape, kernel, stride, size = geometry
    x = random.integers(0, 3, shape).astype(dtype)  # many ties
    grad = random.standard_normal((shape[0], *size, shape[3])).astype(dtype)
    assert_equal(cupy_ops, "pool_adjoint", x, grad, kernel, stride, size)
    assert_equal(cupy_ops, "pool_adjoint", np.full_like(x, -np.inf), grad, kernel, stride, size)


def test_the_gradient_is_as_long_as_what_comes_in(cupy_ops, geometry, random):
    shape, kernel, stride, size = geometry
    x = random.standard_normal(shape)
    grad = np.ones((shape[0], *size, shape[3]))
    got = call(cupy_ops, "pool_adjoint", x, grad, kernel, stride, size)
    assert got.sum() == HOST.pool_adjoint(x, grad, kernel, stride, size).sum() == grad.sum()
