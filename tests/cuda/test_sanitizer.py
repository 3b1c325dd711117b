"""The address and undefined-behaviour sanitizers watch the kernels, and see what guards do not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from emulation.compiler import compiler

HERE = Path(__file__).parent

pytestmark = pytest.mark.cuda_src

READS_BEYOND = """
import sys
from pathlib import Path
import numpy as np
from emulation.kernel import Module
source = "__global__ void kernel(const float* x, float* out, int n) { BODY }"
args = [np.zeros(4, np.float32), np.zeros(4, np.float32), np.int32(4)]
module = Module(source, ["kernel"], Path(sys.argv[1]), sanitize=True)
module.get_function("kernel")((1,), (1,), tuple(args))
"""


def sanitized(arguments, *, timeout=250):
    """Run Python with the sanitizer's library loaded before all else, as it wants to be."""
    program = compiler()
    assert program is not None
    libraries = [
        subprocess.run(
            [program, f"-print-file-name={name}"], check=True, capture_output=True, text=True
        ).stdout.strip()
        for name in ("libasan.so", "libstdc++.so")
    ]
    paths = [HERE.parents[1], HERE.parent, HERE]
    return subprocess.run(
        [sys.executable, *arguments],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "LD_PRELOAD": " ".join(libraries),
            "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=0",
            "DCGRAPH_SANITIZE": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=HERE.parents[1],
    )


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("out[0] = x[n];", "heap-buffer-overflow"),
        ("out[0] = (float)(n * 1000000000);", "signed integer overflow"),
        ("__shared__ float held[2]; held[n] = 1; out[0] = held[0];", "out of bounds"),
    ],
)
def test_it_sees_faults_that_change_no_result(tmp_path, need, body, fault):
    need(compiler(), "g++")
    done = sanitized(["-c", READS_BEYOND.replace("BODY", body), str(tmp_path)])
    assert done.returncode != 0
    assert fault in done.stderr
    clean = sanitized(["-c", READS_BEYOND.replace("BODY", "out[0] = x[n - 1];"), str(tmp_path)])
    assert clean.returncode == 0, clean.stderr


PROBE = """
import sys
from pathlib import Path
from emulation.device import EmulatedDevice
from probes import PROBES
from dcgraph.backends.cupy.backend import CupyBackend
ops = CupyBackend(EmulatedDevice(Path(sys.argv[1]), sanitize=True))
for probe in PROBES[sys.argv[2]]:
    probe(ops)
"""


@pytest.mark.parametrize(
    "source", ["fold", "pool", "scores", "posterior", "narrow", "sums", "update", "draw"]
)
def test_our_kernels_have_none(kernels, source):
    done = sanitized(["-c", PROBE, str(kernels), source])
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr
    assert "runtime error" not in done.stderr
