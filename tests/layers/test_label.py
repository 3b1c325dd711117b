import numpy as np

from dcgraph.layers import Label
from dcgraph.signal import Signal


def up(ops, labels, known=None, dtype="float32"):
    values = np.asarray(labels, dtype).reshape(-1, 1, 1, 1)
    return Label(classes=4).forward(ops, {}, [Signal(values, known)])


def test_each_class_has_a_channel(ops, dtype):
    signal = up(ops, [2, 0, 3], dtype=dtype)
    np.testing.assert_array_equal(signal.values[:, 0, 0], np.eye(4)[[2, 0, 3]])
    assert signal.values.dtype == dtype
    assert signal.known is None


def test_what_is_unknown_stays_unknown(ops):
    known = np.array([True, False]).reshape(2, 1, 1, 1)
    assert up(ops, [1, 0], known).known is known
