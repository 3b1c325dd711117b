"""Makes a library for this processor out of a CUDA source."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
FLAGS = ("-std=c++17", "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-w", "-U_FORTIFY_SOURCE")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")

_SHARED = re.compile(r"__shared__\s+([^;\[]+?)\s+(\w+)((?:\[[^\]]*\])+)\s*;")
_DYNAMIC = re.compile(r"extern\s+__shared__\s+([^;\[]+?)\s+(\w+)\s*\[\s*\]\s*;")


def compiler() -> str | None:
    """Return the path of g++, or None."""
    return shutil.which("g++")


def translated(source: str, expressions: Sequence[str]) -> str:
    """Return C++ with a function to launch each of the kernels, and one for its signature."""
    source = _DYNAMIC.sub(r"\1* \2 = (\1*)emulation::dynamic;", source)
    source = _SHARED.sub(r"static \1 \2\3; emulation::poison(&\2, sizeof(\2));", source)
    launchers = [
        f'extern "C" int launch_{number}(const unsigned* grid, const unsigned* block, '
        "void** arguments, size_t shared, int order, int fibers) "
        f"{{ return emulation::launch(&{name}, grid, block, arguments, shared, order, fibers); }}\n"
        f'extern "C" const char* signature_{number}() {{ return emulation::signature(&{name}); }}'
        for number, name in enumerate(expressions)
    ]
    return "\n".join(['#include "cuda.h"', source, '#line 1 "launchers"', *launchers])


def compiled(
    source: str, expressions: Sequence[str], folder: Path, *, sanitize: bool = False
) -> ctypes.CDLL:
    """Return the library of a source; the folder keeps it for the next time.

    Raises
    ------
    subprocess.CalledProcessError
        g++ refuses the source; its `stderr` says why.
    """
    program = compiler()
    assert program is not None
    text = translated(source, expressions)
    flags = (*FLAGS, *(SANITIZERS if sanitize else ()))
    headers = [(HERE / name).read_text() for name in ("cuda.h", "threads.h")]
    key = hashlib.sha256("\0".join([text, *flags, *headers]).encode()).hexdigest()[:20]
    library = folder / f"{key}.so"
    if not library.exists():
        draft = folder / f"{key}.{os.getpid()}.so"
        subprocess.run(
            [program, *flags, "-x", "c++", "-", "-I", str(HERE), "-o", str(draft)],
            input=text,
            text=True,
            check=True,
            capture_output=True,
        )
        draft.replace(library)
    return ctypes.CDLL(str(library))
