"""The pooling layer: shapes, both directions, masks, texts."""

from __future__ import annotations

import numpy as np
import pytest
from differences import assert_gradient
from pydantic import ValidationError
from scipy import stats

from dcgraph.layers import Pooling
from dcgraph.signal import Signal


def draws(ops, n):
    return ops.draws(3, "pool", "test", 0, n)


@pytest.mark.parametrize(
    ("settings", "shape", "expected"),
    [
        ({"kernel": 2}, (7, 8, 3), (3, 4, 3)),
        ({"kernel": 2, "ceil": True}, (7, 8, 3), (4, 4, 3)),
        ({"kernel": [3, 2], "stride": [1, 2]}, (5, 5, 1), (3, 2, 1)),
        ({"kernel": 3, "stride": 2, "ceil": True}, (6, 4, 1), (3, 2, 1)),
        ({"kernel": [5, 4]}, (5, 4, 2), (1, 1, 2)),
    ],
)
def test_output_shape(ops, rng, dtype, settings, shape, expected):
    layer = Pooling(**settings)
    assert layer.output_shape([shape]) == expected
    out = layer.forward(ops, {}, [Signal(rng.standard_normal((2, *shape)).astype(dtype))])
    assert out.shape == (2, *expected)
    assert out.values.dtype == dtype


def test_unknown_cells_are_left_out_of_the_maximum(ops):
    x = np.array([[3.0, 1.0, 7.0, 8.0]]).reshape(1, 1, 4, 1)
    known = np.array([False, True, False, False]).reshape(1, 1, 4, 1)
    out = Pooling(kernel=(1, 2)).forward(ops, {}, [Signal(x, known)])
    np.testing.assert_array_equal(out.known.ravel(), [True, False])
    np.testing.assert_array_equal(out.values.ravel(), [1, 0])


def test_dense_control_is_upsampling(ops, rng):
    up = rng.standard_normal((2, 2, 3, 2))
    (down,) = Pooling(kernel=(2, 3)).control(ops, {}, Signal(up), [(4, 9, 2)], draws(ops, 2))
    np.testing.assert_array_equal(down.values, up.repeat(2, axis=1).repeat(3, axis=2))
    assert down.known is None


def test_dense_control_means_where_windows_overlap(ops):
    up = np.array([2.0, 4.0]).reshape(1, 1, 2, 1)
    layer = Pooling(kernel=(1, 2), stride=(1, 1))
    (down,) = layer.control(ops, {}, Signal(up), [(1, 4, 1)], draws(ops, 1))
    np.testing.assert_array_equal(down.values.ravel(), [2, 3, 4, 0])
    np.testing.assert_array_equal(down.known.ravel(), [True, True, True, False])


def test_sparse_control_marks_one_position_of_each_window(ops, rng):
    layer = Pooling(kernel=(2, 3), control="sparse")
    n, up = 400, rng.uniform(1, 2, (400, 2, 2, 3))
    (down,) = layer.control(ops, {}, Signal(up), [(4, 6, 3)], draws(ops, n))
    known = np.broadcast_to(down.known, down.shape)
    assert (known == known[..., :1]).all()  # all channels together
    windows = known[..., 0].reshape(n, 2, 2, 2, 3).transpose(0, 1, 3, 2, 4).reshape(n, 4, 6)
    assert (windows.sum(axis=-1) == 1).all()
    values = down.values.reshape(n, 2, 2, 2, 3, 3).sum(axis=(2, 4))
    np.testing.assert_array_equal(values, up)
    assert not down.values[~known].any()
    for window in windows.swapaxes(0, 1):
        assert stats.chisquare(window.sum(axis=0)).pvalue > 1e-3


def test_sparse_control_draws_only_cells_that_exist(ops):
    layer = Pooling(kernel=2, control="sparse", ceil=True)
    up = np.ones((64, 2, 2, 1))
    (down,) = layer.control(ops, {}, Signal(up), [(3, 3, 1)], draws(ops, 64))
    assert (down.values.sum(axis=(1, 2, 3)) == 4).all()
    assert (down.values[:, 2, 2] == 1).all()  # the corner window has one cell
    assert (down.values.sum(axis=0) > 0).all()


def test_sparse_control_of_a_sample_does_not_depend_on_the_others(ops):
    layer = Pooling(kernel=3, control="sparse")
    up = np.ones((5, 2, 2, 1))
    (together,) = layer.control(ops, {}, Signal(up), [(6, 6, 1)], draws(ops, 5))
    (alone,) = layer.control(ops, {}, Signal(up[:2]), [(6, 6, 1)], draws(ops, 2))
    np.testing.assert_array_equal(together.values[:2], alone.values)


@pytest.mark.parametrize("mode", ["dense", "sparse"])
def test_windows_without_a_signal_say_nothing(ops, mode):
    up = Signal(np.full((1, 1, 2, 1), 5.0), np.array([True, False]).reshape(1, 1, 2, 1))
    layer = Pooling(kernel=(1, 2), control=mode)
    (down,) = layer.control(ops, {}, up, [(1, 4, 1)], draws(ops, 1))
    known = np.broadcast_to(down.known, down.shape).ravel()
    assert known[:2].sum() == (2 if mode == "dense" else 1)
    assert not known[2:].any()
    np.testing.assert_array_equal(down.values.ravel(), 5.0 * known)


def test_nothing_above_means_nothing_below(ops):
    assert Pooling(kernel=2).control(ops, {}, None, [(4, 4, 1)], draws(ops, 1)) == (None,)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    "settings", [{"kernel": 2, "ceil": True}, {"kernel": [3, 2], "stride": [1, 2]}]
)
def test_input_gradient(ops, rng, settings, masked):
    layer = Pooling(**settings)
    x = rng.permutation(5 * 7 * 2 * 2).reshape(2, 5, 7, 2) / 10.0  # no ties
    known = rng.random(x.shape) < 0.4 if masked else None
    grad = rng.standard_normal((2, *layer.output_shape([x.shape[1:]])))
    (gradient,) = layer.input_gradient(ops, {}, [Signal(x, known)], grad)
    assert_gradient(
        gradient, lambda v: (layer.forward(ops, {}, [Signal(v, known)]).values * grad).sum(), x
    )


def test_with_ceil_the_stride_must_not_exceed_the_kernel():
    layer = Pooling(kernel=(2, 2), stride=(1, 3), ceil=True)
    with pytest.raises(ValueError, match="stride 1x3 must not exceed kernel 2x2"):
        layer.output_shape([(9, 9, 1)])
    assert Pooling(kernel=2, stride=3).output_shape([(8, 8, 1)]) == (3, 3, 1)


@pytest.mark.parametrize(
    "settings", [{"kernel": 0}, {"kernel": 2, "ceil": 1}, {"kernel": 2, "control": "loose"}]
)
def test_settings_are_strict(settings):
    with pytest.raises(ValidationError):
        Pooling(**settings)
