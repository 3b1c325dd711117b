"""NVRTC by ctypes, from the wheel `nvidia-cuda-nvrtc`: compiles CUDA without a driver or a GPU."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

WHEEL = "nvidia-cuda-nvrtc"


class CompileError(Exception):
    """NVRTC refused a source; the text is its log."""


@cache
def library() -> ctypes.CDLL | None:
    """Return the library of the wheel, or None where the wheel is not installed."""
    try:
        found = [Path(str(file.locate())) for file in files(WHEEL) or ()]
    except PackageNotFoundError:
        return None
    named = {path.name: path for path in found if ".so" in path.name and ".alt" not in path.name}
    # NVRTC opens its built-ins by name alone; a library that is loaded already is found.
    for name, path in named.items():
        if name.startswith("libnvrtc-builtins"):
            ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    (main,) = (path for name, path in named.items() if name.startswith("libnvrtc.so"))
    return ctypes.CDLL(str(main))


def compile_cubin(
    source: str, architecture: int, expressions: Sequence[str], options: Sequence[str] = ()
) -> tuple[bytes, dict[str, str], str]:
    """Return the binary code, each expression's name in it, and the log.

    Parameters
    ----------
    architecture : int
        80 for sm_80.
    expressions : sequence of str
        Instances of templates that are to be in the code.

    Raises
    ------
    CompileError
    """
    lib = library()
    assert lib is not None
    program = ctypes.c_void_p()
    _check(lib.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"source.cu", 0, 0, 0))
    try:
        for expression in expressions:
            _check(lib.nvrtcAddNameExpression(program, expression.encode()))
        flags = [f"-arch=sm_{architecture}", *options]
        array = (ctypes.c_char_p * len(flags))(*(flag.encode() for flag in flags))
        failed = lib.nvrtcCompileProgram(program, len(flags), array)
        log = _bytes(lib, program, "ProgramLog").rstrip(b"\0").decode()
        if failed:
            raise CompileError(log)
        names = {}
        for expression in expressions:
            lowered = ctypes.c_char_p()
            _check(lib.nvrtcGetLoweredName(program, expression.encode(), ctypes.byref(lowered)))
            assert lowered.value is not None
            names[expression] = lowered.value.decode()
        return _bytes(lib, program, "CUBIN"), names, log
    finally:
        lib.nvrtcDestroyProgram(ctypes.byref(program))


def _bytes(lib: ctypes.CDLL, program: ctypes.c_void_p, what: str) -> bytes:
    size = ctypes.c_size_t()
    _check(lib[f"nvrtcGet{what}Size"](program, ctypes.byref(size)))
    buffer = ctypes.create_string_buffer(size.value)
    _check(lib[f"nvrtcGet{what}"](program, buffer))
    return buffer.raw


def _check(status: int) -> None:
    if status:
        message = f"NVRTC answered with status {status}"
        raise RuntimeError(message)
