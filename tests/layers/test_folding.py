"""The folding layer: shapes, both directions, masks, texts."""

from __future__ import annotations

import numpy as np
import pytest
from differences import assert_gradient
from pydantic import ValidationError

from dcgraph.layers import Folding
from dcgraph.signal import Signal


@pytest.fixture
def draws(ops):
    return ops.draws(0, "fold", "test", 0, 2)


@pytest.mark.parametrize(
    ("kernel", "stride", "shape", "expected"),
    [
        (3, 1, (28, 28, 1), (26, 26, 9)),
        ([2, 3], [2, 1], (7, 5, 2), (3, 3, 12)),
        (4, 5, (4, 4, 3), (1, 1, 48)),
        ([1, 5], 2, (3, 5, 1), (2, 1, 5)),
    ],
)
def test_output_shape(ops, rng, dtype, kernel, stride, shape, expected):
    layer = Folding(kernel=kernel, stride=stride)
    assert layer.output_shape([shape]) == expected
    x = rng.random((2, *shape)).astype(dtype)
    out = layer.forward(ops, {}, [Signal(x)])
    assert out.shape == (2, *expected)
    assert out.values.dtype == dtype
    assert out.known is None


def test_forward_is_the_formula(ops, rng):
    layer = Folding(kernel=(2, 3), stride=(1, 2))
    x = rng.random((1, 4, 7, 2))
    out = layer.forward(ops, {}, [Signal(x)]).values
    n, y, column, i, j, k = 0, 2, 1, 1, 2, 1
    assert out[n, y, column, (i * 3 + j) * 2 + k] == x[n, y * 1 + i, column * 2 + j, k]


@pytest.mark.parametrize("mask", [(2, 5, 4, 2), (1, 5, 4, 1), (2, 1, 1, 1)])
def test_masks_go_up_entry_by_entry(ops, rng, mask):
    layer = Folding(kernel=2)
    x, known = rng.random((2, 5, 4, 2)), rng.random(mask) < 0.5
    out = layer.forward(ops, {}, [Signal(x, known)])
    full = np.broadcast_to(known, x.shape).astype(float)
    expected = layer.forward(ops, {}, [Signal(full)]).values > 0
    np.testing.assert_array_equal(np.broadcast_to(out.known, out.shape), expected)


def test_control_undoes_forward(ops, rng, draws):
    layer = Folding(kernel=3, stride=2)
    x = rng.random((2, 7, 9, 2))
    up = layer.forward(ops, {}, [Signal(x)])
    (down,) = layer.control(ops, {}, up, [(7, 9, 2)], draws)
    np.testing.assert_allclose(down.values, x)
    assert down.known is None


def test_control_says_where_it_has_nothing(ops, draws):
    layer = Folding(kernel=2, stride=3)
    up = Signal(np.ones((2, 2, 1, 4)), np.array([True, False]).reshape(1, 2, 1, 1))
    (down,) = layer.control(ops, {}, up, [(5, 3, 1)], draws)
    expected = np.zeros((5, 3), bool)
    expected[:2, :2] = True
    np.testing.assert_array_equal(np.broadcast_to(down.known, down.shape)[0, :, :, 0], expected)
    np.testing.assert_array_equal(down.values[0, :, :, 0], expected)


def test_nothing_above_means_nothing_below(ops, draws):
    assert Folding(kernel=2).control(ops, {}, None, [(4, 4, 1)], draws) == (None,)


def test_input_gradient(ops, rng):
    layer = Folding(kernel=(2, 3), stride=(2, 1))
    x = rng.random((2, 5, 4, 2))
    grad = rng.standard_normal((2, *layer.output_shape([x.shape[1:]])))
    (gradient,) = layer.input_gradient(ops, {}, [Signal(x)], grad)
    assert_gradient(
        gradient, lambda v: (layer.forward(ops, {}, [Signal(v)]).values * grad).sum(), x
    )


def test_positions_in_no_patch_are_reported():
    (text,) = Folding(kernel=2, stride=3).warnings([(5, 6, 1)])
    assert text.startswith("14 of 30 input positions lie in no patch")
    assert not Folding(kernel=3, stride=3).warnings([(6, 9, 1)])


def test_coverage_is_the_most_patches_over_a_position():
    assert Folding(kernel=12).coverage([(28, 28, 1)]) == 144
    assert Folding(kernel=12).coverage([(12, 14, 1)]) == 3
    assert Folding(kernel=4, stride=2).coverage([(10, 10, 1)]) == 4


@pytest.mark.parametrize("kernel", [0, -1, [2], [2, 3, 4], 2.0, True, "3", None, [1, True]])
def test_sizes_are_strict(kernel):
    with pytest.raises(ValidationError):
        Folding(kernel=kernel)


def test_a_kernel_larger_than_the_input_is_refused():
    with pytest.raises(ValueError, match="kernel 3x3 is larger than the input, 2x5"):
        Folding(kernel=3).output_shape([(2, 5, 1)])
