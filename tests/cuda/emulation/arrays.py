"""A stand-in for CuPy's arrays: NumPy's, behind the same walls.

What would be an error with CuPy is one here: handing a NumPy array to a function, reading a device
array as if it were on the host, calling what CuPy lacks. Each wait for the device is counted.
What it cannot show is how CuPy itself computes: that takes a GPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

# What the package and its plugins use of CuPy's namespace; a test looks these names up in CuPy,
# where it is installed.
NAMES = frozenset(
    [
        "abs",
        "arange",
        "argmax",
        "ascontiguousarray",
        "broadcast_to",
        "clip",
        "concatenate",
        "copyto",
        "divide",
        "empty",
        "empty_like",
        "exp",
        "float32",
        "float64",
        "full",
        "full_like",
        "inf",
        "int32",
        "int64",
        "isfinite",
        "isnan",
        "log",
        "maximum",
        "mean",
        "minimum",
        "multiply",
        "ones",
        "partition",
        "sqrt",
        "stack",
        "sum",
        "take",
        "tensordot",
        "where",
        "zeros",
        "zeros_like",
    ]
)
METHODS = frozenset(
    [
        "all",
        "any",
        "argmax",
        "argmin",
        "astype",
        "clip",
        "copy",
        "cumsum",
        "fill",
        "max",
        "mean",
        "min",
        "prod",
        "ravel",
        "reshape",
        "squeeze",
        "sum",
        "swapaxes",
        "take",
        "transpose",
        "var",
        "view",
    ]
)
PROPERTIES = frozenset(["dtype", "flags", "itemsize", "nbytes", "ndim", "shape", "size", "strides"])
POISON = 0xFF  # what memory holds that nobody has written


class Waits:
    """How often the host has waited for the device, and whether that is forbidden now."""

    count = 0
    recording = False

    @classmethod
    def refuse(cls, what: str) -> None:
        """Fail, while work is recorded, as CUDA and CuPy do then."""
        if cls.recording:
            message = f"{what} while work is recorded"
            raise RuntimeError(message)


class DeviceArray(NDArrayOperatorsMixin):
    """An array that is not on the host."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return wrapped(getattr(ufunc, method)(*map(bare, inputs), **bare(options)))

    def __array_function__(self, function: Any, _: Any, args: Any, options: Any) -> Any:
        return wrapped(function(*bare(args), **bare(options)))

    def __array__(self, *_: Any, **__: Any) -> Any:
        message = "Implicit conversion to a NumPy array is not allowed. Please use `.get()`"
        raise TypeError(message)

    def __getattr__(self, name: str) -> Any:
        if name in PROPERTIES:
            return getattr(self.values, name)
        if name not in METHODS:
            message = f"the stand-in for CuPy's arrays has no '{name}'"
            raise AttributeError(message)
        method = getattr(self.values, name)
        return lambda *args, **options: wrapped(method(*bare(args), **bare(options)))

    @property
    def T(self) -> DeviceArray:  # noqa: N802 - NumPy's name
        return DeviceArray(self.values.T)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> Any:
        return DeviceArray(self.values[bare(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.values[bare(index)] = bare(value)

    def get(self) -> Any:
        """Return a copy on the host."""
        Waits.refuse("the host waits for the device")
        Waits.count += 1
        return self.values.copy()

    def item(self) -> Any:
        return self.get().item()

    def __float__(self) -> float:
        return float(self.get())

    def __int__(self) -> int:
        return int(self.get())

    def __bool__(self) -> bool:
        return bool(self.get())

    def __format__(self, spec: str) -> str:
        return format(self.get()[()], spec)

    def __matmul__(self, other: Any) -> DeviceArray:
        Waits.refuse("cuBLAS is called by CuPy")
        return DeviceArray(self.values @ bare(other))

    __hash__ = None  # type: ignore[assignment]


def bare(value: Any) -> Any:
    """Return what NumPy is to compute with; refuse what CuPy would."""
    if isinstance(value, DeviceArray):
        return value.values
    if isinstance(value, np.ndarray):
        message = f"Unsupported type {type(value)}"
        raise TypeError(message)
    if isinstance(value, tuple | list):
        return type(value)(bare(item) for item in value)
    if isinstance(value, dict):
        return {name: bare(item) for name, item in value.items()}
    return value


def wrapped(result: Any) -> Any:
    """Return arrays, and the numbers that NumPy makes of those without axes, as device arrays."""
    if isinstance(result, np.ndarray | np.generic):
        return DeviceArray(result)
    if isinstance(result, tuple | list):
        return type(result)(wrapped(item) for item in result)
    return result


class Namespace:
    """What stands in the place of the module `cupy`."""

    ndarray = DeviceArray

    def __getattr__(self, name: str) -> Any:
        if name not in NAMES:
            message = f"the stand-in for CuPy has no '{name}'"
            raise AttributeError(message)
        if name in ("concatenate", "stack"):
            Waits.refuse("CuPy brings pointers to the device")
        found = getattr(np, name)
        if isinstance(found, type) or not callable(found):
            return found
        return lambda *args, **options: wrapped(found(*bare(args), **bare(options)))

    def asarray(self, array: Any, dtype: Any = None) -> DeviceArray:
        if isinstance(array, DeviceArray):
            return DeviceArray(np.asarray(array.values, dtype))
        Waits.refuse("an array is brought to the device")
        return DeviceArray(np.array(array, dtype))  # to the device: always a copy

    def empty(self, shape: Any, dtype: Any = float) -> DeviceArray:
        array = np.empty(shape, dtype)
        array.reshape(-1).view(np.uint8)[...] = POISON
        return DeviceArray(array)

    def empty_like(self, array: DeviceArray) -> DeviceArray:
        return self.empty(array.shape, array.dtype)

    def asnumpy(self, array: Any) -> Any:
        return array.get() if isinstance(array, DeviceArray) else np.asarray(array)
