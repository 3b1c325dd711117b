"""What the tests of the CuPy backend run on: an emulation, and a GPU where there is one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from emulation.compiler import compiler
from emulation.device import EmulatedDevice
from emulation.kernel import FORWARD

from dcgraph.backends.contract import Backend
from dcgraph.backends.cupy.backend import CupyBackend
from dcgraph.backends.extended import extended
from dcgraph.backends.select import make_backend

# Set to run every kernel under the sanitizers; see docs/gpu.md for what else that takes.
SANITIZE = bool(os.environ.get("DCGRAPH_SANITIZE"))


@pytest.fixture(scope="session")
def need() -> Callable[[Any, str], None]:
    """Return a function to call for a tool that a test needs."""
    return _need


def _need(tool: Any, what: str) -> None:
    """Skip a test for the lack of a tool; fail where tests run for a release."""
    if tool is not None:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI is set")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def kernels(request: pytest.FixtureRequest) -> Path:
    """A folder that keeps compiled kernels from run to run."""
    _need(compiler(), "g++")
    return Path(request.config.cache.mkdir("cuda_emulation"))


@pytest.fixture(scope="session")
def emulated(kernels: Path) -> CupyBackend:
    """The CuPy backend, its kernels executed on the processor."""
    return CupyBackend(EmulatedDevice(kernels, sanitize=SANITIZE))


def on_a_gpu() -> CupyBackend:
    """Return the CuPy backend on the first device."""
    from dcgraph.backends.cupy.cuda import CudaDevice

    return CupyBackend(CudaDevice())


@pytest.fixture(
    params=[
        pytest.param("emulated", marks=pytest.mark.cuda_src),
        pytest.param("gpu", marks=pytest.mark.gpu),
    ]
)
def cupy_ops(request: pytest.FixtureRequest) -> CupyBackend:
    """The CuPy backend, on the emulation and on a GPU."""
    if request.param == "emulated":
        backend: CupyBackend = request.getfixturevalue("emulated")
        return backend
    return on_a_gpu()


@pytest.fixture
def on(cupy_ops: CupyBackend, monkeypatch: pytest.MonkeyPatch) -> CupyBackend:
    """Let "cupy" name the backend under test in this process."""
    if isinstance(cupy_ops.device, EmulatedDevice):  # one order will do: kernels have had all
        cupy_ops = CupyBackend(EmulatedDevice(cupy_ops.device.folder, (FORWARD,)))

    def made(name: str, **options: Any) -> Backend:
        if name == "cupy":
            return extended(cupy_ops, options.get("additions", ()))
        return make_backend(name, **options)

    monkeypatch.setattr("dcgraph.training.run.make_backend", made)
    monkeypatch.setattr("dcgraph.model.make_backend", made)
    return cupy_ops


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)
