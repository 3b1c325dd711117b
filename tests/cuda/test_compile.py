"""Every source compiles for every architecture we name, by NVRTC alone, without a warning."""

from __future__ import annotations

import re

import nvrtc
import pytest

from dcgraph.backends.cupy.sources import CAPABILITY, INSTANCES, OPTIONS, source_text

pytestmark = pytest.mark.cuda_src
ARCHITECTURES = (75, 80, 86, 89, 90)


@pytest.fixture(autouse=True)
def _compiler(need):
    need(nvrtc.library(), f"the wheel {nvrtc.WHEEL}")


@pytest.mark.parametrize(
    ("source", "architecture"),
    [
        (source, architecture)
        for source in INSTANCES
        for architecture in ARCHITECTURES
        if architecture >= CAPABILITY.get(source, 0)
    ],
)
def test_every_instance_compiles(source, architecture):
    cubin, names, log = nvrtc.compile_cubin(
        source_text(source), architecture, INSTANCES[source], OPTIONS
    )
    assert cubin.startswith(b"\x7fELF")
    assert set(names) == set(INSTANCES[source])
    assert all(name.encode() in cubin for name in names.values())
    assert not log


@pytest.mark.parametrize("source", INSTANCES)
def test_every_kernel_has_instances(source):
    kernels = set(
        re.findall(r"__global__ void\s+(?:__launch_bounds__\(.*\)\s+)?(\w+)\(", source_text(source))
    )
    assert kernels == {expression.partition("<")[0] for expression in INSTANCES[source]}


def test_errors_name_file_and_line():
    source = source_text("pool").replace("pool_spread(const T* y", "pool_spread(const S* y")
    with pytest.raises(nvrtc.CompileError, match=r'pool\.cu\(\d+\): error: identifier "S"'):
        nvrtc.compile_cubin(source, 80, INSTANCES["pool"], OPTIONS)
