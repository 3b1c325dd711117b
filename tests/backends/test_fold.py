"""Folding against loops over every patch entry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcgraph.backends.numpy import fold as kernels


@st.composite
def geometry(draw):
    """Return (n, h, w, c), kernel, stride; strides may leave a rest or skip positions."""
    fh, fw = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    h, w = fh + draw(st.integers(0, 4)), fw + draw(st.integers(0, 5))
    stride = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    # 16 channels take the copy that runs along memory
    c = draw(st.sampled_from([1, 2, 3, 16]))
    return (draw(st.integers(1, 3)), h, w, c), (fh, fw), stride


def entries(shape, kernel, stride):
    """Yield (patch row, patch column, channel index, input row, input column, input channel)."""
    _, h, w, c = shape
    for y in range(1 + (h - kernel[0]) // stride[0]):
        for x in range(1 + (w - kernel[1]) // stride[1]):
            for i in range(kernel[0]):
                for j in range(kernel[1]):
                    for k in range(c):
                        index = (i * kernel[1] + j) * c + k
                        yield y, x, index, y * stride[0] + i, x * stride[1] + j, k


def fold_by_loops(x, kernel, stride):
    _, h, w, c = x.shape
    rows, columns = 1 + (h - kernel[0]) // stride[0], 1 + (w - kernel[1]) // stride[1]
    out = np.full((len(x), rows, columns, kernel[0] * kernel[1] * c), np.nan, x.dtype)
    for y, column, index, row, source, k in entries(x.shape, kernel, stride):
        out[:, y, column, index] = x[:, row, source, k]
    return out


def numbered(shape, dtype):
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


@given(geometry())
def test_fold_lays_patches_into_channels(dtype, case):
    shape, kernel, stride = case
    x = numbered(shape, dtype)
    out = kernels.fold(x, kernel, stride)
    assert out.dtype == dtype
    np.testing.assert_array_equal(out, fold_by_loops(x, kernel, stride))


@given(geometry())
def test_fold_takes_masks(case):
    shape, kernel, stride = case
    mask = numbered(shape, np.int64) % 3 == 0
    out = kernels.fold(mask, kernel, stride)
    assert out.dtype == np.bool_
    np.testing.assert_array_equal(out, fold_by_loops(mask, kernel, stride))


@pytest.mark.parametrize("kernel", [(4, 6), (1, 1), (4, 1), (2, 3)])
def test_fold_takes_views_whose_memory_is_not_contiguous(kernel):
    x = numbered((2, 8, 6, 3), np.float64)[:, ::2]
    np.testing.assert_array_equal(kernels.fold(x, kernel, (1, 2)), fold_by_loops(x, kernel, (1, 2)))


def test_a_kernel_as_large_as_the_input_gives_one_position(dtype):
    x = numbered((3, 2, 5, 2), dtype)
    np.testing.assert_array_equal(kernels.fold(x, (2, 5), (7, 1)), x.reshape(3, 1, 1, 20))


@given(geometry())
def test_the_adjoint_sums_the_entries_of_each_position(dtype, case):
    shape, kernel, stride = case
    patches = kernels.fold(numbered(shape, dtype), kernel, stride) % 7
    expected = np.zeros(shape, dtype)
    for y, column, index, row, source, k in entries(shape, kernel, stride):
        expected[:, row, source, k] += patches[:, y, column, index]
    out = kernels.fold_adjoint(patches, shape[1:], kernel, stride)
    assert out.dtype == dtype
    np.testing.assert_array_equal(out, expected)


@given(geometry(), st.integers(0, 2**31))
def test_the_adjoint_is_the_transpose(case, seed):
    shape, kernel, stride = case
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    folded = kernels.fold(x, kernel, stride)
    y = rng.standard_normal(folded.shape)
    back = kernels.fold_adjoint(y, shape[1:], kernel, stride)
    np.testing.assert_allclose((folded * y).sum(), (x * back).sum(), rtol=1e-10, atol=1e-10)


@given(geometry(), st.sampled_from(["none", "some", "broadcast", "nothing"]), st.integers(0, 99))
def test_the_mean_is_over_known_entries(dtype, case, masked, seed):
    shape, kernel, stride = case
    rng = np.random.default_rng(seed)
    size = kernels.fold(np.zeros(shape), kernel, stride).shape
    patches = rng.uniform(-1, 1, size).astype(dtype)
    known = {
        "none": None,
        "some": rng.random(size) < 0.5,
        "broadcast": rng.random((*size[:3], 1)) < 0.5,
        "nothing": np.zeros((1, 1, 1, 1), bool),
    }[masked]
    full = np.ones(size, bool) if known is None else np.broadcast_to(known, size)
    total, count = np.zeros(shape), np.zeros(shape)
    for y, column, index, row, source, k in entries(shape, kernel, stride):
        total[:, row, source, k] += np.where(
            full[:, y, column, index], patches[:, y, column, index], 0
        )
        count[:, row, source, k] += full[:, y, column, index]
    mean, covered = kernels.fold_mean(patches, known, shape[1:], kernel, stride)
    assert mean.dtype == dtype
    np.testing.assert_allclose(mean, total / np.maximum(count, 1), atol=1e-6)
    if covered is None:
        assert (count > 0).all()
    else:
        np.testing.assert_array_equal(np.broadcast_to(covered, shape), count > 0)


def test_unknown_entries_may_hold_anything_finite():
    patches = np.full((1, 1, 2, 1), 1e30)
    patches[0, 0, 0] = 2.0
    known = np.array([True, False]).reshape(1, 1, 2, 1)
    mean, covered = kernels.fold_mean(patches, known, (1, 2, 1), (1, 1), (1, 1))
    np.testing.assert_array_equal(mean.ravel(), [2, 0])
    np.testing.assert_array_equal(covered.ravel(), [True, False])


def test_arguments_are_left_as_they_are(rng):
    patches = rng.standard_normal((2, 3, 3, 4))
    known = rng.random(patches.shape) < 0.5
    before = patches.copy()
    kernels.fold_mean(patches, known, (4, 4, 1), (2, 2), (1, 1))
    kernels.fold_mean(patches, None, (4, 4, 1), (2, 2), (1, 1))
    np.testing.assert_array_equal(patches, before)


def test_short_rows_are_laid_out_positions_first(rng):
    """So a matrix product over patch entries runs along memory without a copy."""
    out = kernels.fold(rng.random((2, 6, 5, 1)), (3, 3), (1, 1))
    assert out.strides[-1] > out.strides[-2]
    assert out.transpose(3, 0, 1, 2).flags.c_contiguous
