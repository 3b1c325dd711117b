"""Reads image and label arrays from npz files, without trusting them."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Container, Sequence
from lzma import LZMAError
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import DataError

# What NumPy and zipfile raise on damaged files, encryption and odd compression included.
DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    RuntimeError,
    SyntaxError,
    TokenError,
    LZMAError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_arrays(
    path: Path, names: Sequence[str], *, optional: Container[str] = ()
) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file that bear the names, by name.

    Parameters
    ----------
    optional : container of str
        Names of arrays that may be missing.

    Raises
    ------
    DataError
        The file is damaged, is no npz file, lacks an array, holds Python objects, or does not fit
        in memory.
    """
    try:
        arrays, held = _read(path, names)
    except MemoryError as error:
        message = f"its arrays do not fit in memory, or are damaged: {error}"
        raise DataError(message, file=path) from error
    except DAMAGE as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        message = f"cannot be read as an npz file: {reason}"
        raise DataError(message, file=path) from error
    for name in names:
        if name not in arrays and name not in optional:
            message = f"has no array '{name}' (it has: {', '.join(held) or 'none'})"
            raise DataError(message, file=path)
    return arrays


def _read(path: Path, names: Sequence[str]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Return the arrays that are there, and the names of all that the file holds."""
    # NumPy would leave a file open that it opened itself and found damaged.
    with path.open("rb") as raw:
        if not zipfile.is_zipfile(raw):
            message = "it is none; numpy.savez(path, images=..., labels=...) writes one"
            raise ValueError(message)
        raw.seek(0)
        with np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in names if name in file.files}
            held = list(file.files)
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # NumPy returns what is no array as bytes
            message = f"'{name}' is no array"
            raise TypeError(message)
    return arrays, held
