"""Max-pooling and its ways back, against loops over every window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcgraph.backends.numpy import pool as kernels
from dcgraph.contracts.windows import window_counts


@st.composite
def geometry(draw):
    """Return (n, h, w, c), kernel, stride, (h', w'); in ceil mode windows may stick out."""
    fh, fw = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    h, w = fh + draw(st.integers(0, 4)), fw + draw(st.integers(0, 5))
    ceil = draw(st.booleans())
    limit = (fh, fw) if ceil else (5, 5)
    stride = draw(st.integers(1, limit[0])), draw(st.integers(1, limit[1]))
    shape = draw(st.integers(1, 3)), h, w, draw(st.integers(1, 3))
    return shape, (fh, fw), stride, window_counts(shape[1:], (fh, fw), stride, ceil=ceil)


def windows(shape, kernel, stride, size):
    """Yield (window row, window column, slice of rows, slice of columns), cut to the input."""
    _, h, w, _ = shape
    for y in range(size[0]):
        for x in range(size[1]):
            top, left = y * stride[0], x * stride[1]
            yield (
                y,
                x,
                slice(top, min(h, top + kernel[0])),
                slice(left, min(w, left + kernel[1])),
            )


@given(geometry(), st.integers(0, 99))
def test_the_maximum_is_over_what_exists(dtype, case, seed):
    shape, kernel, stride, size = case
    x = np.random.default_rng(seed).uniform(-2, -1, shape).astype(dtype)  # 0 would win if padded
    expected = np.empty((shape[0], *size, shape[3]), dtype)
    for y, column, rows, columns in windows(shape, kernel, stride, size):
        expected[:, y, column] = x[:, rows, columns].max(axis=(1, 2))
    out = kernels.pool_max(x, kernel, stride, size)
    assert out.dtype == dtype
    np.testing.assert_array_equal(out, expected)


@given(geometry(), st.sampled_from(["none", "some", "broadcast", "nothing"]), st.integers(0, 99))
def test_spread_means_over_windows_with_a_signal(dtype, case, masked, seed):
    shape, kernel, stride, size = case
    rng = np.random.default_rng(seed)
    y = rng.uniform(-1, 1, (shape[0], *size, shape[3])).astype(dtype)
    known = {
        "none": None,
        "some": rng.random(y.shape) < 0.5,
        "broadcast": rng.random((shape[0], *size, 1)) < 0.5,
        "nothing": np.zeros((1, 1, 1, 1), bool),
    }[masked]
    full = np.ones(y.shape, bool) if known is None else np.broadcast_to(known, y.shape)
    total, count = np.zeros(shape), np.zeros(shape)
    for row, column, rows, columns in windows(shape, kernel, stride, size):
        said = full[:, row, column][:, None, None]
        total[:, rows, columns] += np.where(said, y[:, row, column][:, None, None], 0)
        count[:, rows, columns] += said
    values, covered = kernels.pool_spread(y, known, None, shape[1:], kernel, stride)
    assert values.dtype == dtype
    np.testing.assert_allclose(values, total / np.maximum(count, 1), atol=1e-6)
    if covered is None:
        assert (count > 0).all()
    else:
        np.testing.assert_array_equal(np.broadcast_to(covered, shape), count > 0)


@given(geometry(), st.integers(0, 99))
def test_a_choice_puts_each_value_on_one_position_for_all_channels(case, seed):
    shape, kernel, stride, size = case
    rng = np.random.default_rng(seed)
    y = rng.uniform(1, 2, (shape[0], *size, shape[3]))
    choice = np.empty((shape[0], *size), np.int64)
    total, count = np.zeros(shape), np.zeros(shape)
    for row, column, rows, columns in windows(shape, kernel, stride, size):
        for sample in range(shape[0]):
            i = rng.integers(rows.stop - rows.start)
            j = rng.integers(columns.stop - columns.start)
            choice[sample, row, column] = i * kernel[1] + j
            place = sample, rows.start + i, columns.start + j
            total[place] += y[sample, row, column]
            count[place] += 1
    values, covered = kernels.pool_spread(y, None, choice, shape[1:], kernel, stride)
    np.testing.assert_allclose(values, total / np.maximum(count, 1))
    covered = np.ones(shape, bool) if covered is None else np.broadcast_to(covered, shape)
    np.testing.assert_array_equal(covered, count > 0)


@given(geometry(), st.integers(0, 99))
def test_the_gradient_goes_to_the_first_maximum_of_each_window(dtype, case, seed):
    shape, kernel, stride, size = case
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, shape).astype(dtype)  # many ties
    grad = rng.integers(1, 9, (shape[0], *size, shape[3])).astype(dtype)
    expected = np.zeros(shape, dtype)
    for row, column, rows, columns in windows(shape, kernel, stride, size):
        for sample in range(shape[0]):
            for c in range(shape[3]):
                patch = x[sample, rows, columns, c]
                i, j = np.unravel_index(patch.argmax(), patch.shape)
                at = sample, rows.start + i, columns.start + j, c
                expected[at] += grad[sample, row, column, c]
    out = kernels.pool_adjoint(x, grad, kernel, stride, size)
    assert out.dtype == dtype
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(
    ("kernel", "stride", "size"), [((2, 2), (2, 2), (3, 2)), ((5, 4), (1, 1), (1, 1))]
)
def test_arguments_are_left_as_they_are(rng, kernel, stride, size):
    x = rng.standard_normal((2, 5, 4, 1))
    grad = rng.standard_normal((2, *size, 1))
    before = x.copy(), grad.copy()
    kernels.pool_max(x, kernel, stride, size)
    kernels.pool_adjoint(x, grad, kernel, stride, size)
    kernels.pool_spread(grad, None, None, (5, 4, 1), kernel, stride)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(grad, before[1])
