"""Slips in the kernels are noticed: barriers left out, wrong strides, >= for >."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from emulation.compiler import compiler
from mutants import MUTANTS

HERE = Path(__file__).parent

pytestmark = pytest.mark.cuda_src


@pytest.mark.parametrize("group", MUTANTS)
def test_no_slip_goes_unnoticed(group, need):
    need(compiler(), "g++")
    paths = [HERE.parents[1], HERE.parent, HERE]
    done = subprocess.run(
        [sys.executable, str(HERE / "tampering.py"), group],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "OPENBLAS_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
