import numpy as np
import pytest
from plugin_files import loaded, train_on_digits

from dcgraph.signal import Signal
from dcgraph.testing import LayerConformance

PLUGINS = loaded("noise")
Noise = PLUGINS.layers["noise"]


class TestUniform(LayerConformance):
    layer = Noise(width=0.1)
    undoes = "control"


class TestNormal(LayerConformance):
    layer = Noise(width=0.1, kind="normal", levels=256)


@pytest.mark.parametrize(("kind", "deviation"), [("uniform", 0.2 / 12**0.5), ("normal", 0.2)])
def test_the_noise_has_mean_0_and_the_deviation_asked_for(ops, kind, deviation):
    layer = Noise(width=0.2, kind=kind)
    x = np.full((50, 10, 10, 2), 0.5)
    up = layer.forward_training(ops, {}, [Signal(x)], ops.draws(0, "n", "training", 0, 50)).values
    assert (up - x).mean() == pytest.approx(0, abs=0.01)
    assert (up - x).std() == pytest.approx(deviation, rel=0.05)


def test_scored_images_go_up_as_they_are(ops, rng):
    signal = Signal(rng.random((2, 3, 3, 1)))
    assert Noise(width=0.2).forward(ops, {}, [signal]) is signal


def test_levels_are_those_of_a_camera(ops):
    layer = Noise(width=0.01, levels=3)
    tau = Signal(np.array([-0.4, 0.2, 0.3, 0.9, 1.7]).reshape(1, 1, 5, 1))
    draws = ops.draws(0, "n", "sample", 0, 1)
    (down,) = layer.control(ops, {}, tau, [(1, 5, 1)], draws)
    np.testing.assert_array_equal(down.values.ravel(), [0, 0, 0.5, 1, 1])


def test_a_run_with_noise_repeats_and_its_seed_matters():
    def means(seed, width):
        node = {"noise": {"type": "noise", "width": width}}
        return train_on_digits(PLUGINS, node, seed=seed).record.states["top"].parameters["means"]

    np.testing.assert_array_equal(means(1, 0.1), means(1, 0.1))
    assert (means(1, 0.1) != means(1, 1e-9)).any()


def test_every_image_has_its_own_noise_whatever_its_place_in_a_batch(ops):
    layer = Noise(width=1.0)
    x = Signal(np.zeros((6, 2, 2, 1)))
    whole = layer.forward_training(ops, {}, [x], ops.draws(3, "n", "training", 10, 6)).values
    later = layer.forward_training(
        ops, {}, [x.block(0, 2)], ops.draws(3, "n", "training", 12, 2)
    ).values
    np.testing.assert_array_equal(whole[2:4], later)
    assert len(np.unique(whole)) == whole.size
