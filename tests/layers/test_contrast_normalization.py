import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from plugin_files import train_on_digits
from scipy.stats import zscore

from dcgraph.layers import ContrastNormalization
from dcgraph.plugin.load import installed_plugins
from dcgraph.rng import stream
from dcgraph.signal import Signal
from dcgraph.testing.differences import assert_gradient

PLAIN = {"mean": np.zeros(1), "deviation": np.ones(1)}


@given(shape=array_shapes(min_dims=4, max_dims=4, max_side=5), seed=st.integers(0, 99))
def test_positions_are_standardised_over_their_channels(ops, shape, seed):
    x = np.random.default_rng(seed).normal(3, 2, (*shape[:3], shape[3] + 2))
    y = ContrastNormalization(epsilon=1e-12).forward(ops, PLAIN, [Signal(x)])
    np.testing.assert_allclose(y.values, zscore(x, axis=-1), rtol=1e-6, atol=1e-6)
    assert y.known is None


def test_brightness_and_contrast_make_no_difference(ops, rng):
    x = rng.random((2, 3, 2, 9))
    layer = ContrastNormalization(epsilon=1e-10)
    one, two = (layer.forward(ops, PLAIN, [Signal(v)]).values for v in (x, 0.2 * x + 0.5))
    np.testing.assert_allclose(one, two, rtol=1e-6)


def test_a_plain_patch_is_zero_and_faint_noise_stays_small(ops, rng):
    plain = np.full((1, 1, 2, 9), 0.7, np.float32)
    plain[0, 0, 1] += 1e-3 * rng.random(9).astype(np.float32)
    y = ContrastNormalization().forward(ops, PLAIN, [Signal(plain)]).values
    assert y.dtype == np.float32
    np.testing.assert_allclose(y[0, 0, 0], 0, atol=1e-4)
    assert 0 < np.abs(y[0, 0, 1]).max() < 0.1


def test_what_is_unknown_counts_for_nothing(ops, rng):
    x = rng.random((3, 2, 2, 6))
    known = rng.random(x.shape) < 0.6
    known[0, 0, 0] = False
    y = ContrastNormalization(epsilon=1e-12).forward(ops, PLAIN, [Signal(x, known)])
    np.testing.assert_array_equal(y.known, known)
    assert np.isfinite(y.values).all()
    np.testing.assert_array_equal(y.values[~known], 0)
    for where in np.ndindex(x.shape[:3]):
        seen = known[where]
        if seen.sum() > 1:
            expected = zscore(x[where][seen])
            np.testing.assert_allclose(y.values[where][seen], expected, rtol=1e-6, atol=1e-6)


def test_the_gradient_at_known_channels_is_that_of_forward(ops, rng):
    layer = ContrastNormalization(epsilon=0.01)
    x = rng.random((2, 2, 1, 5))
    known = rng.random(x.shape) < 0.7
    weights = rng.standard_normal(x.shape)

    def total(values):
        y = layer.forward(ops, PLAIN, [Signal(values, known)]).values
        return float((np.where(known, y, 0) * weights).sum())

    (gradient,) = layer.input_gradient(ops, PLAIN, [Signal(x, known)], weights)
    assert_gradient(gradient, total, x, tolerance=1e-5, what="of known channels")


def test_patterns_come_down_as_patches_are_on_average(ops, rng):
    layer = ContrastNormalization(epsilon=1e-12)
    x = rng.normal(0.6, 0.25, (50, 3, 2, 16))
    known = np.ones(x.shape, bool)
    known[:25] = False
    x[:25] = 9.0
    params = layer.init([x.shape[1:]], stream(0, "n", "init"), np.float64)
    fitted = layer.prepare(ops, params, [Signal(x, known)], rng)
    assert fitted["mean"] == pytest.approx(x[25:].mean(axis=-1).mean())
    assert fitted["deviation"] == pytest.approx(x[25:].std(axis=-1).mean())
    pattern = Signal(np.array([-1.0, 1.0]).reshape(1, 1, 1, 2))
    (down,) = layer.control(ops, fitted, pattern, [(1, 1, 2)], None)
    np.testing.assert_allclose(
        down.values.ravel(), fitted["mean"] + fitted["deviation"] * [-1, 1], rtol=1e-12
    )


def test_a_single_channel_is_refused():
    with pytest.raises(ValueError, match=r"at least 2 channels.*received 1: put a folding below"):
        ContrastNormalization().output_shape([(28, 28, 1)])


def test_a_graph_with_it_is_trained_and_sampled():
    nodes = {
        "contrast": {"type": "contrast_normalization"},
        "gmm1": {"type": "gmm", "components": 9},
    }
    model = train_on_digits(installed_plugins(), nodes)
    assert 0 < model.record.states["contrast"].parameters["deviation"] < 0.5
    samples = model.sample(3, sharpen=2)
    assert samples.shape == (3, 8, 8, 1)
    assert np.isfinite(samples).all()
