import numpy as np
import pytest
from plugin_files import loaded, train_on_digits

from dcgraph.rng import stream
from dcgraph.signal import Signal
from dcgraph.testing import LayerConformance

PLUGINS = loaded("affine")
Affine = PLUGINS.layers["affine"]


class TestAffine(LayerConformance):
    layer = Affine(shift=-1.0, scale=2.0)
    undoes = "control"


def fitted(ops, x, known=None, dtype="float64"):
    layer = Affine(fit=True)
    params = layer.init([x.shape[1:]], stream(0, "n", "init"), dtype)
    signal = Signal(x.astype(dtype), known)
    return layer, layer.prepare(ops, params, [signal], np.random.default_rng())


def test_a_range_becomes_another(ops):
    layer = Affine(shift=-1.0, scale=2.0)
    params = layer.init([(1, 3, 1)], stream(0, "n", "init"), np.float32)
    up = layer.forward(ops, params, [Signal(np.array([-1, 0, 1], np.float32).reshape(1, 1, 3, 1))])
    np.testing.assert_allclose(up.values.ravel(), [0, 0.5, 1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fitted_channels_have_mean_0_and_deviation_1(ops, rng, dtype):
    x = rng.normal([3.0, -50.0, 0.1], [2.0, 0.5, 0.01], (40, 4, 3, 3)).astype(dtype)
    layer, params = fitted(ops, x, dtype=dtype)
    up = layer.forward(ops, params, [Signal(x)]).values
    assert up.dtype == dtype
    np.testing.assert_allclose(up.mean(axis=(0, 1, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(up.std(axis=(0, 1, 2)), 1, rtol=1e-3)


def test_unknown_values_are_not_fitted(ops, rng):
    x = rng.random((10, 2, 2, 2))
    known = rng.random(x.shape) < 0.5
    _, params = fitted(ops, np.where(known, x, 99.0), known)
    for channel in (0, 1):
        seen = x[..., channel][known[..., channel]]
        assert params["shift"][channel] == pytest.approx(seen.mean())
        assert params["scale"][channel] == pytest.approx(seen.std())


def test_a_constant_channel_is_not_blown_up(ops):
    _, params = fitted(ops, np.full((5, 2, 2, 1), 0.7))
    assert params["scale"] == pytest.approx([1e-3])


def test_it_is_fitted_once_before_the_first_batch():
    model = train_on_digits(PLUGINS, {"normal": {"type": "affine", "fit": True}})
    state = model.record.states["normal"]
    assert state.updates == 1
    assert (state.parameters["scale"] != 1).all()
    images = np.random.default_rng(0).random((4, 8, 8, 1)).astype("f4")
    patches, normal = (model.activities(images, name) for name in ("fold1", "normal"))
    np.testing.assert_allclose(
        normal * state.parameters["scale"] + state.parameters["shift"], patches, atol=1e-5
    )
    assert model.sample(2).shape == (2, 8, 8, 1)
