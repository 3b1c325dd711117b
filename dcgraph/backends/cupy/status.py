"""Whether a GPU can be used here, and if not, why, and what to do about it.

The cheapest questions come first: without CuPy or a driver, nothing is imported.
"""

from __future__ import annotations

import ctypes
import sys
from importlib.util import find_spec

INSTALL = 'pip install "dcgraph[gpu]"'
LIBRARIES = (
    'install a CUDA toolkit, or its libraries with: pip install "cupy-cuda13x[ctk]" (of the same '
    "CUDA version as CuPy)"
)


def why_not(device: int = 0) -> str | None:
    """Return why a device cannot be used here, with the remedy; None where it can.

    Parameters
    ----------
    device : int
        Its number among the machine's devices.
    """
    if find_spec("cupy") is None:
        return f"CuPy is not installed: {INSTALL}"
    fault = _driver_fault()
    if fault is not None:
        return fault
    try:
        import cupy
        from cupy.cuda import runtime
    except ImportError as error:
        return f"CuPy cannot be imported ({_line(error)}): reinstall it, one package of it alone"
    try:
        count = runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        return (
            f"CuPy {cupy.__version__} cannot use this machine's NVIDIA driver ({_line(error)}): "
            "update the driver, or install the CuPy package of the driver's CUDA version"
        )
    if device >= count:
        numbers = "device 0 alone" if count == 1 else f"devices 0 to {count - 1}"
        return f"there is no device {device}: this machine has {numbers}"
    try:
        # cuBLAS is loaded as its module is imported, NVRTC when it is first asked
        from cupy_backends.cuda.libs import cublas, nvrtc  # noqa: F401

        nvrtc.getVersion()
    except (ImportError, RuntimeError) as error:
        return f"NVRTC or cuBLAS cannot be loaded ({_line(error)}): {LIBRARIES}"
    return None


def description(device: int = 0) -> str:
    """Return what a usable device is, ``NVIDIA H100 (device 0 of 1), CuPy 14.2.0``."""
    import cupy
    from cupy.cuda import runtime

    name = runtime.getDeviceProperties(device)["name"].decode()
    return f"{name} (device {device} of {runtime.getDeviceCount()}), CuPy {cupy.__version__}"


def _driver_fault() -> str | None:
    """Return what is wrong with the driver or its devices, asked without CuPy."""
    library = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return f"no NVIDIA driver is installed ({library} cannot be loaded): install one"
    count = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
        return (
            "the NVIDIA driver finds no device: check that nvidia-smi lists one, and that "
            "CUDA_VISIBLE_DEVICES does not hide it"
        )
    return None


def _line(error: BaseException) -> str:
    """Return the first line of an error's text."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
