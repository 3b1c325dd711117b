import numpy as np
import pytest
from plugin_files import train_on_digits

from dcgraph.layers import AveragePooling
from dcgraph.plugin.load import installed_plugins
from dcgraph.signal import Signal


def test_means_of_windows(ops):
    layer = AveragePooling(kernel=(2, 3))
    x = np.arange(24.0).reshape(1, 4, 6, 1)
    (pooled,) = layer.forward(ops, {}, [Signal(x)]).values
    np.testing.assert_array_equal(pooled[..., 0], [[4.0, 7.0], [16.0, 19.0]])


def test_a_window_counts_what_it_knows(ops):
    layer = AveragePooling(kernel=2)
    x = np.array([1.0, 2.0, 3.0, 4.0, 5, 6, 7, 8]).reshape(2, 2, 2, 1)
    known = np.array([True, False, True, False, False, False, False, False]).reshape(x.shape)
    pooled = layer.forward(ops, {}, [Signal(x, known)])
    np.testing.assert_array_equal(pooled.values.ravel(), [2.0, 0.0])
    np.testing.assert_array_equal(pooled.known.ravel(), [True, False])


def test_positions_that_no_window_covers_are_reported():
    assert AveragePooling(kernel=2).warnings([(5, 5, 1)]) == ("9 input positions lie in no window",)


@pytest.mark.parametrize("kernel", [2, [3, 2]])
def test_a_graph_with_it_is_trained_and_sampled(kernel):
    nodes = {
        "gmm1": {"type": "gmm", "components": 9},
        "pool": {"type": "average_pooling", "kernel": kernel},
    }
    samples = train_on_digits(installed_plugins(), nodes).sample(3, sharpen=2)
    assert samples.shape == (3, 8, 8, 1)
    assert np.isfinite(samples).all()
