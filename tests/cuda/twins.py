"""Calls a function of both backends, and compares what they return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from dcgraph.backends.cupy.backend import CupyBackend
from dcgraph.backends.numpy.backend import NumpyBackend
from dcgraph.signal import Signal

HOST = NumpyBackend()


def to_device(ops: CupyBackend, value: Any) -> Any:
    """Return a value with all arrays in it moved to the device."""
    if isinstance(value, np.ndarray):
        return ops.asarray(value)
    if isinstance(value, Signal):
        return Signal(to_device(ops, value.values), to_device(ops, value.known))
    if isinstance(value, Mapping):
        return {name: to_device(ops, item) for name, item in value.items()}
    return value


def from_device(ops: CupyBackend, value: Any) -> Any:
    """Return a value with all arrays in it moved to the host."""
    if isinstance(value, tuple | list):
        return type(value)(from_device(ops, item) for item in value)
    if isinstance(value, Signal):
        return Signal(from_device(ops, value.values), from_device(ops, value.known))
    if isinstance(value, Mapping):
        return {name: from_device(ops, item) for name, item in value.items()}
    return ops.to_host(value) if isinstance(value, ops.xp.ndarray) else value


def call(ops: CupyBackend, name: str, *args: Any, **options: Any) -> Any:
    """Return what a function of the CuPy backend returns, on the host."""
    moved = [to_device(ops, value) for value in args]
    return from_device(ops, getattr(ops, name)(*moved, **options))


def assert_equal(ops: CupyBackend, name: str, *args: Any) -> None:
    """Hold a function to its twin, bit for bit: values, and masks where None means all."""
    expected, got = getattr(HOST, name)(*args), call(ops, name, *args)
    if not isinstance(expected, tuple):
        expected, got = (expected, None), (got, None)
    assert got[0].dtype == expected[0].dtype
    assert_array_equal(got[0], expected[0])
    masks = [np.asarray(True if mask is None else mask) for mask in (got[1], expected[1])]
    assert_array_equal(*(np.broadcast_to(mask, got[0].shape) for mask in masks))


def assert_close(
    got: Mapping[str, Any], expected: Mapping[str, Any], dtype: Any, *, rtol: float | None = None
) -> None:
    """Compare named arrays, relative to the largest entry of each."""
    rtol = rtol or (1e-5 if np.dtype(dtype) == np.float32 else 1e-12)
    assert set(got) == set(expected)
    for name, array in expected.items():
        scale = float(np.abs(array).max(initial=0)) if np.size(array) else 0.0
        if hasattr(array, "dtype"):
            assert got[name].dtype == array.dtype, name
        assert_allclose(got[name], array, rtol=rtol, atol=rtol * scale, err_msg=name)
