"""Folding kernels against their NumPy twins, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from twins import assert_equal

CASES = [  # shape, kernel, stride
    ((2, 5, 4, 1), (3, 2), (1, 1)),
    ((3, 7, 5, 2), (2, 3), (3, 1)),
    ((1, 4, 9, 3), (4, 2), (1, 4)),  # gaps between patches
    ((2, 3, 6, 5), (3, 6), (1, 1)),  # one patch
    ((2, 3, 2, 4), (1, 1), (1, 1)),  # nothing to do
    ((1, 6, 5, 1), (1, 1), (2, 3)),
    ((0, 4, 4, 1), (2, 2), (1, 1)),  # no samples
    ((70, 2, 3, 1), (2, 2), (1, 1)),
]


@pytest.fixture(params=CASES, ids=str)
def case(request, random, dtype):
    shape, kernel, stride = request.param
    return random.standard_normal(shape).astype(dtype), kernel, stride


def patches_of(random, x, kernel, stride):
    n, h, w, c = x.shape
    size = [1 + (length - f) // s for length, f, s in zip((h, w), kernel, stride, strict=True)]
    return random.standard_normal((n, *size, kernel[0] * kernel[1] * c)).astype(x.dtype)


def test_fold(cupy_ops, case):
    assert_equal(cupy_ops, "fold", *case)


def test_masks_are_folded(cupy_ops, case, random):
    x, kernel, stride = case
    assert_equal(cupy_ops, "fold", random.random(x.shape) < 0.5, kernel, stride)
    spread = np.broadcast_to(random.random((*x.shape[:3], 1)) < 0.5, x.shape)
    assert_equal(cupy_ops, "fold", spread, kernel, stride)


def test_adjoint(cupy_ops, case, random):
    x, kernel, stride = case
    patches = patches_of(random, x, kernel, stride)
    assert_equal(cupy_ops, "fold_adjoint", patches, x.shape[1:], kernel, stride)


@pytest.mark.parametrize("masked", ["no", "entries", "positions", "one", "nothing"])
def test_mean(cupy_ops, case, random, masked):
    x, kernel, stride = case
    patches = patches_of(random, x, kernel, stride)
    known = {
        "no": None,
        "entries": random.random(patches.shape) < 0.4,
        "positions": random.random((*patches.shape[:3], 1)) < 0.5,
        "one": random.random(patches.shape[3]) < 0.5,
        "nothing": np.zeros((1, 1, 1, 1), bool),
    }[masked]
    assert_equal(cupy_ops, "fold_mean", patches, known, x.shape[1:], kernel, stride)


def test_what_is_not_dense_is_read_right(cupy_ops, random, dtype):
    x = cupy_ops.asarray(random.standard_normal((3, 4, 5, 2)).astype(dtype))
    crooked = x.swapaxes(1, 2)
    expected = cupy_ops.fold(cupy_ops.xp.ascontiguousarray(crooked), (2, 2), (1, 1))
    got = cupy_ops.fold(crooked, (2, 2), (1, 1))
    np.testing.assert_array_equal(cupy_ops.to_host(got), cupy_ops.to_host(expected))


def test_half_precision_is_refused(cupy_ops):
    from dcgraph.errors import BackendError

    x = cupy_ops.asarray(np.zeros((1, 4, 4, 1), np.float16))
    with pytest.raises(
        BackendError, match=r"float32 or float64, received float16: set train\.dtype"
    ):
        cupy_ops.fold(x, (2, 2), (1, 1))
