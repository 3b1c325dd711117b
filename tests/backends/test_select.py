"""Choosing a backend, and what is said where one cannot run."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from dcgraph.backends.cupy import status
from dcgraph.backends.select import backends, description, make_backend, release, usable
from dcgraph.errors import BackendError


def test_numpy_runs_everywhere():
    assert make_backend("numpy").name == "numpy"
    assert make_backend("numpy", threads=3).threads == 3


def test_auto_is_numpy_where_no_device_can_be_used(machine):
    machine(driver=Driver(0))
    assert make_backend().name == "numpy"


@pytest.mark.gpu
def test_auto_is_cupy_where_a_device_can_be_used():
    assert make_backend().name == "cupy"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cuda", "no backend 'cuda': use one of auto, numpy, cupy"),
        ("cupy:x", "no backend 'cupy:x'"),
        ("cupy:-1", "no backend 'cupy:-1'"),
        ("numpy:1", "the numpy backend has no devices"),
        ("auto:1", "the auto backend has no devices: leave the device out, or use cupy"),
    ],
)
def test_names_that_mean_nothing(name, message):
    with pytest.raises(BackendError, match=message):
        make_backend(name)


class Driver:
    """An NVIDIA driver, as `ctypes` sees it."""

    def __init__(self, devices, *, broken=False):
        self.devices, self.broken = devices, broken

    def cuInit(self, flags):  # noqa: N802 - CUDA's name
        return 999 if self.broken else 0

    def cuDeviceGetCount(self, count):  # noqa: N802
        ctypes.cast(count, ctypes.POINTER(ctypes.c_int))[0] = self.devices
        return 0


class RuntimeFaultError(RuntimeError):
    """What CuPy raises."""


@pytest.fixture
def machine(monkeypatch):
    """Make this machine look like one with a driver, devices and CuPy."""

    def look_like(*, cupy=True, driver=None, runtime=None, libraries=None):
        monkeypatch.setattr(status, "find_spec", lambda name: object() if cupy else None)

        def load(name):
            if driver is None:
                raise OSError(name)
            return driver

        monkeypatch.setattr(status.ctypes, "CDLL", load)

        def count():
            if isinstance(runtime, Exception):
                raise runtime
            return runtime

        module = ModuleType("cupy")
        module.__version__ = "14.2.0"
        properties = lambda device: {"name": f"Fast {device}".encode()}  # noqa: E731
        cuda = ModuleType("cupy.cuda")
        cuda.runtime = SimpleNamespace(
            getDeviceCount=count, getDeviceProperties=properties, CUDARuntimeError=RuntimeFaultError
        )
        module.cuda = cuda

        def version():
            if libraries is not None:
                raise libraries
            return 13, 0

        libs = ModuleType("cupy_backends.cuda.libs")
        libs.nvrtc = SimpleNamespace(getVersion=version)
        libs.cublas = SimpleNamespace()
        for name, part in {"cupy": module, "cupy.cuda": cuda, libs.__name__: libs}.items():
            monkeypatch.setitem(sys.modules, name, part)

    return look_like


@pytest.mark.parametrize(
    ("looks", "device", "message"),
    [
        ({"cupy": False}, 0, r'CuPy is not installed: pip install "dcgraph\[gpu\]"'),
        ({}, 0, "no NVIDIA driver is installed .*: install one"),
        ({"driver": Driver(0)}, 0, "the NVIDIA driver finds no device: check that nvidia-smi"),
        (
            {"driver": Driver(1, broken=True)},
            0,
            "the NVIDIA driver finds no device: check that nvidia-smi",
        ),
        (
            {
                "driver": Driver(1),
                "runtime": RuntimeFaultError("cudaErrorInsufficientDriver: old\nmore"),
            },
            0,
            r"CuPy 14.2.0 cannot use .* \(cudaErrorInsufficientDriver: old\): update the driver",
        ),
        ({"driver": Driver(1), "runtime": 1}, 2, "there is no device 2: this machine has device 0"),
        ({"driver": Driver(3), "runtime": 3}, 3, "there is no device 3: .* has devices 0 to 2"),
        (
            {"driver": Driver(1), "runtime": 1, "libraries": RuntimeError("libnvrtc.so")},
            0,
            r'NVRTC or cuBLAS .* \(libnvrtc.so\): .* pip install "cupy-cuda13x\[ctk\]"',
        ),
    ],
    ids=["CuPy", "driver", "device", "broken", "version", "one", "three", "libraries"],
)
def test_what_is_missing_is_named_with_its_remedy(machine, looks, device, message):
    machine(**looks)
    with pytest.raises(BackendError, match=f"^the cupy backend cannot run here: .*{message}"):
        make_backend(f"cupy:{device}")
    fault = status.why_not(device)
    assert fault is not None
    assert "\n" not in fault


def test_a_device_that_can_be_used_is_named(machine):
    machine(driver=Driver(2), runtime=2)
    assert status.why_not(1) is None
    assert status.description(1) == "Fast 1 (device 1 of 2), CuPy 14.2.0"
    cupy = next(each for each in backends() if each.name == "cupy")
    assert (cupy.usable, cupy.reason) == (True, "Fast 0 (device 0 of 2), CuPy 14.2.0")


def test_auto_means_what_can_run(machine):
    machine(driver=Driver(1), runtime=1)
    names = ("auto", "numpy", "cupy", "cupy:0")
    assert [usable(name) for name in names] == ["cupy", "numpy", "cupy", "cupy:0"]
    machine(cupy=False)
    assert [usable(name) for name in ("auto", "numpy")] == ["numpy", "numpy"]
    with pytest.raises(BackendError, match=r"^the cupy backend cannot run here: .*pip install"):
        usable("cupy")


def test_what_a_backend_runs_on_is_told(machine):
    machine(driver=Driver(2), runtime=2)
    assert description("cupy:1") == "Fast 1 (device 1 of 2), CuPy 14.2.0"
    assert description("numpy").endswith("on the processor")


def test_giving_memory_back_asks_for_a_device_only_where_there_was_one(machine):
    machine(cupy=False)
    release("numpy")
    release("cupy")


def test_a_backend_that_cannot_run_is_listed_with_the_reason(machine):
    machine(cupy=False)
    cupy = next(each for each in backends() if each.name == "cupy")
    assert not cupy.usable
    assert "pip install" in cupy.reason


def test_a_machine_without_a_gpu_loads_nothing_of_cupy():
    script = (
        "import sys; from dcgraph.backends.select import make_backend; make_backend(); "
        "print([name for name in sys.modules if name.split('.')[0] == 'cupy'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
