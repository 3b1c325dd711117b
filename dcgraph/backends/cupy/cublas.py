"""Matrix products by cuBLAS itself: CuPy refuses to call it while work is being recorded."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

import cupy

from dcgraph.signal import Array

WORKSPACE = 32 * 2**20  # bytes, as cuBLAS advises for this generation of devices
NORMAL, TRANSPOSED = 0, 1
_REALS = {"float32": ("S", ctypes.c_float), "float64": ("D", ctypes.c_double)}


def matmul(a: Array, b: Array) -> Array:
    """Return ``a @ b`` of two matrices, or of stacks of them (m, k) or (P, m, k) by (P, k, n).

    The product is computed on the current stream, with float32 or float64 arithmetic throughout.

    Raises
    ------
    RuntimeError
        cuBLAS reports a fault.
    """
    dtype = a.dtype
    letter, real = _REALS[str(dtype)]
    left, left_op, left_lead = _operand(a)
    right, right_op, right_lead = _operand(b)
    (m, k), n = a.shape[-2:], b.shape[-1]
    batch = max(each.shape[0] if each.ndim == 3 else 1 for each in (a, b))
    stacked = a.ndim == 3 or b.ndim == 3
    out = cupy.empty((batch, m, n) if stacked else (m, n), dtype)
    if not out.size:
        return out
    if not k:
        out.fill(0)
        return out
    one, zero = real(1), real(0)
    # Row-major arrays are the transposes of cuBLAS's: b^T a^T is computed, into out^T.
    fault = getattr(_library(), f"cublas{letter}gemmStridedBatched")(
        _handle(),
        right_op,
        left_op,
        n,
        m,
        k,
        ctypes.byref(one),
        ctypes.c_void_p(right.data.ptr),
        right_lead,
        ctypes.c_longlong(_stride(right)),
        ctypes.c_void_p(left.data.ptr),
        left_lead,
        ctypes.c_longlong(_stride(left)),
        ctypes.byref(zero),
        ctypes.c_void_p(out.data.ptr),
        n,
        ctypes.c_longlong(m * n),
        batch,
    )
    if fault:
        message = f"cuBLAS could not multiply {a.shape} by {b.shape}: status {fault}"
        raise RuntimeError(message)
    return out


def _operand(array: Array) -> tuple[Array, int, int]:
    """Return an array as cuBLAS reads it: dense rows, or dense columns that it transposes."""
    rows, columns = array.shape[-2:]
    dense = array.flags.c_contiguous
    if not dense and array.swapaxes(-1, -2).flags.c_contiguous:
        return array, TRANSPOSED, max(1, rows)
    return (array if dense else cupy.ascontiguousarray(array)), NORMAL, max(1, columns)


def _stride(array: Array) -> int:
    """Return the elements from one matrix of a stack to the next; 0: it is one for all."""
    return int(array.shape[-1] * array.shape[-2]) if array.ndim == 3 and len(array) > 1 else 0


def _handle() -> ctypes.c_void_p:
    """Return cuBLAS's handle, set to the current stream and to a workspace of its own.

    Its own choice of a workspace would be memory that is taken during a recording.
    """
    handle = ctypes.c_void_p(cupy.cuda.device.get_cublas_handle())
    stream = cupy.cuda.get_current_stream()
    workspace = _workspace(cupy.cuda.Device().id)
    library = _library()
    library.cublasSetStream_v2(handle, ctypes.c_void_p(stream.ptr))
    library.cublasSetWorkspace_v2(
        handle, ctypes.c_void_p(workspace.ptr), ctypes.c_size_t(WORKSPACE)
    )
    return handle


@cache
def _workspace(device: int) -> Any:
    return cupy.cuda.Memory(WORKSPACE)  # outside all pools


@cache
def _library() -> ctypes.CDLL:
    """Return the library that CuPy has loaded."""
    major = cupy.cuda.runtime.runtimeGetVersion() // 1000
    name = f"cublas64_{major}.dll" if sys.platform == "win32" else f"libcublas.so.{major}"
    return ctypes.CDLL(name)
