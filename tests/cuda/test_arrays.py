"""The stand-in for CuPy's arrays: it refuses what CuPy refuses, and offers nothing of its own."""

from __future__ import annotations

import numpy as np
import pytest
from emulation.arrays import METHODS, NAMES, PROPERTIES, DeviceArray, Namespace, Waits

XP = Namespace()


def test_cupy_has_all_that_the_stand_in_offers():
    cupy = pytest.importorskip("cupy")
    assert not {name for name in NAMES if not hasattr(cupy, name)}
    assert not {name for name in METHODS | PROPERTIES if not hasattr(cupy.ndarray, name)}


def test_numpy_arrays_are_refused():
    there = XP.asarray(np.ones(3))
    for mixed in (
        lambda: there + np.ones(3),
        lambda: np.ones(3) * there,
        lambda: XP.maximum(there, np.ones(3)),
        lambda: XP.concatenate([there, np.ones(3)]),
        lambda: XP.where(np.ones(3, bool), there, there),
    ):
        with pytest.raises(TypeError, match="Unsupported type"):
            mixed()
    with pytest.raises(TypeError, match="not allowed"):
        np.asarray(there)
    with pytest.raises(TypeError, match="not allowed"):
        np.ones(3)[...] = there


def test_what_the_package_does_not_use_is_not_there():
    with pytest.raises(AttributeError, match="no 'linalg'"):
        XP.linalg  # noqa: B018
    with pytest.raises(AttributeError, match="no 'tolist'"):
        XP.asarray(np.ones(3)).tolist()


def test_results_stay_on_the_device():
    there = XP.asarray(np.arange(6.0).reshape(2, 3))
    for result in (there + 1, there.sum(), XP.exp(there), there[0], there.T, there @ there.T):
        assert isinstance(result, DeviceArray)
    assert there.sum().dtype == np.float64


def test_waits_for_the_device_are_counted():
    there = XP.asarray(np.ones(()))
    before = Waits.count
    float(there), bool(there), there.item(), XP.asnumpy(there)
    assert Waits.count == before + 4


def test_new_memory_holds_nothing_of_use():
    assert np.isnan(XP.empty((2, 2), np.float32).get()).all()
    assert (XP.empty(3, np.int32).get() == -1).all()
