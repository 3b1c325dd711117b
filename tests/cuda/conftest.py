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

from dcgraph.backends.cupy.backend import CupyBackend

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
def random() -> np.random.Generator:
    return np.random.default_rng(7)
