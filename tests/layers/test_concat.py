"""Concatenation: joined upward, split downward."""

from __future__ import annotations

import numpy as np
import pytest
from differences import assert_gradient

from dcgraph.layers import Concat
from dcgraph.signal import Signal

FLAT = [(2, 3, 2), (1, 1, 5), (3, 1, 1)]
CHANNELS = [(2, 3, 2), (2, 3, 1), (2, 3, 4)]
CASES = [("flat", FLAT, (1, 1, 20)), ("channels", CHANNELS, (2, 3, 7))]


@pytest.fixture
def draws(ops):
    return ops.draws(0, "concat", "test", 0, 2)


def signals(rng, shapes, *, masked=False, n=2):
    """Return one signal for each shape; the masked ones mix all forms a mask may have."""
    masks = [None, (1, 1, 1, 1), None]
    out = []
    for shape, mask in zip(shapes, masks, strict=True):
        values = rng.standard_normal((n, *shape))
        known = rng.random(values.shape if mask is None else mask) < 0.5
        out.append(Signal(values, known if masked else None))
    return out


@pytest.mark.parametrize(("mode", "shapes", "expected"), CASES)
def test_inputs_are_joined_in_order(ops, rng, mode, shapes, expected):
    layer = Concat(mode=mode)
    assert layer.output_shape(shapes) == expected
    inputs = signals(rng, shapes)
    out = layer.forward(ops, {}, inputs)
    assert out.shape == (2, *expected)
    assert out.known is None
    if mode == "flat":
        joined = np.concatenate([s.values.reshape(2, -1) for s in inputs], axis=1)
        np.testing.assert_array_equal(out.values.reshape(2, -1), joined)
    else:
        np.testing.assert_array_equal(out.values[..., 2:3], inputs[1].values)


@pytest.mark.parametrize(("mode", "shapes", "expected"), CASES)
@pytest.mark.parametrize("masked", [False, True])
def test_control_splits_what_forward_joined(ops, rng, draws, mode, shapes, expected, masked):
    layer = Concat(mode=mode)
    inputs = signals(rng, shapes, masked=masked)
    parts = layer.control(ops, {}, layer.forward(ops, {}, inputs), shapes, draws)
    for part, signal in zip(parts, inputs, strict=True):
        np.testing.assert_array_equal(part.values, signal.values)
        if masked:
            expected_mask = np.broadcast_to(signal.known, signal.shape)
            np.testing.assert_array_equal(np.broadcast_to(part.known, part.shape), expected_mask)
        else:
            assert part.known is None


def test_a_mask_of_one_input_leaves_the_others_known(ops, rng):
    inputs = [
        Signal(rng.random((2, 1, 2, 1))),
        Signal(rng.random((2, 1, 1, 2)), np.zeros((2, 1, 1, 2), bool)),
    ]
    out = Concat().forward(ops, {}, inputs)
    np.testing.assert_array_equal(out.known.reshape(2, 4), [[True, True, False, False]] * 2)


def test_control_takes_masks_that_broadcast(ops, rng, draws):
    signal = Signal(rng.random((2, 1, 1, 20)), np.array([True, False]).reshape(2, 1, 1, 1))
    for part in Concat().control(ops, {}, signal, FLAT, draws):
        known = np.broadcast_to(part.known, part.shape)
        assert known[0].all()
        assert not known[1].any()


def test_nothing_above_means_nothing_below(ops, draws):
    assert Concat().control(ops, {}, None, FLAT, draws) == [None] * 3


@pytest.mark.parametrize(("mode", "shapes", "expected"), CASES)
def test_input_gradient(ops, rng, mode, shapes, expected):
    layer = Concat(mode=mode)
    inputs = signals(rng, shapes)
    grad = rng.standard_normal((2, *expected))
    for index, gradient in enumerate(layer.input_gradient(ops, {}, inputs, grad)):

        def joined(values, index=index):
            moved = [*inputs[:index], Signal(values), *inputs[index + 1 :]]
            return (layer.forward(ops, {}, moved).values * grad).sum()

        assert_gradient(gradient, joined, inputs[index].values)


def test_channels_need_one_size():
    with pytest.raises(ValueError, match=r"received 1x2, 2x2: use mode: flat"):
        Concat(mode="channels").output_shape([(2, 2, 3), (1, 2, 3)])
