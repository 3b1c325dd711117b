"""Which backends there are, which can run here, and making one."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from dcgraph.backends.contract import BACKENDS, Backend
from dcgraph.backends.extended import extended
from dcgraph.contracts.kernel import Fusion, Kernel
from dcgraph.errors import BackendError


@dataclass(frozen=True, slots=True)
class BackendStatus:
    """Whether a backend can run here.

    Attributes
    ----------
    name : str
    usable : bool
    reason : str
        Why not, and what to do about it; for a usable backend, what it runs on.
    """

    name: str
    usable: bool
    reason: str


def backends() -> list[BackendStatus]:
    """Return the status of every backend; nothing is allocated on any device."""
    from dcgraph.backends.cupy.status import why_not

    fault = why_not()
    return [
        BackendStatus("numpy", usable=True, reason=description("numpy")),
        BackendStatus("cupy", usable=fault is None, reason=fault or description("cupy")),
    ]


def make_backend(
    name: str = "auto", *, threads: int | None = None, additions: Iterable[Kernel | Fusion] = ()
) -> Backend:
    """Return a backend.

    Parameters
    ----------
    name : {"auto", "numpy", "cupy", "cupy:N"}
        "auto" is "cupy" where it can run, else "numpy"; N is the number of a device.
    threads : int or None
        Processor threads of the matrix products; None is 1.
    additions : iterable of Kernel or Fusion
        What plugins add; those for other backends are left out.

    Raises
    ------
    BackendError
        There is no such backend, or it cannot run here.
    """
    kind, number = parts_of(usable(name))
    if kind == "cupy":
        return _on_device(number, additions)

    from dcgraph.backends.numpy.backend import NumpyBackend

    return extended(NumpyBackend(threads or 1), additions)


def usable(name: str) -> str:
    """Return the name of a backend that can run here; nothing is allocated on any device.

    Parameters
    ----------
    name : {"auto", "numpy", "cupy", "cupy:N"}

    Returns
    -------
    str
        "cupy" or "numpy" for "auto", else the name itself.

    Raises
    ------
    BackendError
        There is no such backend, or it cannot run here.
    """
    kind, number = parts_of(name)
    if kind == "numpy":
        return name

    from dcgraph.backends.cupy.status import why_not

    fault = why_not(number)
    if kind == "auto":
        return "cupy" if fault is None else "numpy"
    if fault is not None:
        message = f"the cupy backend cannot run here: {fault}"
        raise BackendError(message)
    return name


def parts_of(name: str) -> tuple[str, int]:
    """Return the kind of a backend that is named, and the number of its device.

    Raises
    ------
    BackendError
        There is no such backend.
    """
    kind, _, number = name.partition(":")
    if kind not in ("auto", *BACKENDS) or (number and not number.isdecimal()):
        message = f"there is no backend '{name}': use one of auto, {', '.join(BACKENDS)}, cupy:N"
        raise BackendError(message)
    if kind != "cupy" and number:
        message = f"the {kind} backend has no devices: leave the device out, or use cupy"
        raise BackendError(message)
    return kind, int(number or 0)


def description(name: str) -> str:
    """Return what a backend that can run here runs on.

    Parameters
    ----------
    name : {"numpy", "cupy", "cupy:N"}
    """
    kind, number = parts_of(name)
    if kind == "cupy":
        from dcgraph.backends.cupy import status

        return status.description(number)
    import numpy as np

    return f"NumPy {np.__version__} on the processor"


def release(name: str) -> None:
    """Give back what a backend keeps of a device's memory for arrays to come.

    Other processes may have it then; on a processor there is nothing to give back.

    Parameters
    ----------
    name : {"numpy", "cupy", "cupy:N"}

    Raises
    ------
    RuntimeError
        The device has failed in this process, which cannot use it any more.
    """
    kind, number = parts_of(name)
    cuda = sys.modules.get("dcgraph.backends.cupy.cuda")
    if kind == "cupy" and cuda is not None:  # else nothing here has got as far as a device
        cuda.CudaDevice(number).release()


def _on_device(number: int, additions: Iterable[Kernel | Fusion]) -> Backend:
    from dcgraph.backends.cupy.backend import CupyBackend
    from dcgraph.backends.cupy.cuda import CudaDevice

    return extended(CupyBackend(CudaDevice(number)), additions)
