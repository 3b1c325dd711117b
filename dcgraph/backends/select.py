"""Which backends there are, which can run here, and making one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dcgraph.backends.contract import Backend
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

    return [BackendStatus("numpy", usable=True, reason=f"NumPy {np.__version__} on the processor")]


def make_backend(
    name: str = "auto", *, threads: int | None = None, additions: Iterable[Kernel | Fusion] = ()
) -> Backend:
    """Return a backend.

    Parameters
    ----------
    name : {"auto", "numpy"}
        "auto" takes the fastest that can run here.
    threads : int or None
        Processor threads of the matrix products; None is 1.
    additions : iterable of Kernel or Fusion
        What plugins add; those for other backends are left out.

    Raises
    ------
    BackendError
        There is no such backend, or it cannot run here.
    """
    from dcgraph.backends.numpy.backend import NumpyBackend

    if name in ("auto", "numpy"):
        return extended(NumpyBackend(threads or 1), additions)
    known = ", ".join(status.name for status in backends())
    message = f"there is no backend '{name}' in this version: use one of auto, {known}"
    raise BackendError(message)
