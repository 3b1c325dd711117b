"""What both backends have in common: the same functions, with the same parameters."""

from __future__ import annotations

from inspect import signature

import numpy as np
import pytest
from emulation.device import EmulatedDevice

from dcgraph.backends.contract import KERNELS, Backend
from dcgraph.backends.cupy.backend import CupyBackend
from dcgraph.backends.numpy.backend import NumpyBackend


@pytest.mark.parametrize(
    "name", [*KERNELS, "asarray", "to_host", "wait", "draws", "limited", "matmul"]
)
def test_functions_have_the_parameters_of_the_contract(name, tmp_path):
    ops = CupyBackend(EmulatedDevice(tmp_path))  # compiles nothing before it is used
    wanted = list(signature(getattr(Backend, name)).parameters)[1:]
    assert list(signature(getattr(ops, name)).parameters) == wanted
    assert list(signature(getattr(NumpyBackend(), name)).parameters) == wanted


def test_arrays_go_to_the_device_and_back(cupy_ops, dtype):
    there = cupy_ops.asarray(np.arange(6).reshape(2, 3), dtype)
    assert isinstance(there, cupy_ops.xp.ndarray)
    assert there.dtype == dtype
    back = cupy_ops.to_host(there)
    assert isinstance(back, np.ndarray)
    np.testing.assert_array_equal(back, [[0, 1, 2], [3, 4, 5]])


def test_what_is_on_the_device_stays_there(cupy_ops):
    there = cupy_ops.asarray(np.ones(3))
    with pytest.raises(TypeError, match="not allowed"):
        np.asarray(there)
    with pytest.raises(TypeError, match="Unsupported type"):
        there + np.ones(3)
