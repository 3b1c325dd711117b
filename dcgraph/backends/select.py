"""Which backends there are, which can run here, and making one."""

from __future__ import annotations

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
    import numpy as np

    from dcgraph.backends.cupy import status

    why_not = status.why_not()
    return [
        BackendStatus("numpy", usable=True, reason=f"NumPy {np.__version__} on the processor"),
        BackendStatus("cupy", usable=why_not is None, reason=why_not or status.description()),
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
    kind, _, number = name.partition(":")
    if kind not in ("auto", *BACKENDS) or (number and not number.isdecimal()):
        message = f"there is no backend '{name}': use one of auto, {', '.join(BACKENDS)}, cupy:N"
        raise BackendError(message)
    if kind != "cupy" and number:
        message = f"the {kind} backend has no devices: leave the device out, or use cupy"
        raise BackendError(message)
    if kind != "numpy":
        from dcgraph.backends.cupy.status import why_not

        device = int(number or 0)
        fault = why_not(device)
        if fault is None:
            return _on_device(device, additions)
        if kind == "cupy":
            message = f"the cupy backend cannot run here: {fault}"
            raise BackendError(message)

    from dcgraph.backends.numpy.backend import NumpyBackend

    return extended(NumpyBackend(threads or 1), additions)


def _on_device(number: int, additions: Iterable[Kernel | Fusion]) -> Backend:
    from dcgraph.backends.cupy.backend import CupyBackend
    from dcgraph.backends.cupy.cuda import CudaDevice

    return extended(CupyBackend(CudaDevice(number)), additions)
