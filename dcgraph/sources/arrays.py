"""Reads image and label arrays from npz files, without trusting them."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import DataError

# What NumPy and zipfile raise on damaged or foreign files, encryption and odd compression included.
DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    RuntimeError,
    SyntaxError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_arrays(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file that bear one of the names.

    Raises
    ------
    DataError
        The file is damaged, is no npz file, holds Python objects, or does not fit in memory.
    """
    if not zipfile.is_zipfile(path):
        message = "is no npz file: write one by numpy.savez(path, images=..., labels=...)"
        raise DataError(message, file=path)
    try:
        # NumPy leaves a file open that it opened itself and found damaged.
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in names if name in file.files}
    except MemoryError as error:
        message = f"its arrays do not fit in memory, or its headers are damaged: {error}"
        raise DataError(message, file=path) from error
    except DAMAGE as error:
        message = f"cannot be read as an npz file: {error}"
        raise DataError(message, file=path) from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # NumPy hands on members of other formats as bytes
            message = f"'{name}' is no array"
            raise DataError(message, file=path)
    return arrays


def names_in(path: Path) -> str:
    """Return the names of the arrays in an npz file, for a message."""
    with np.load(path, allow_pickle=False) as file:
        return ", ".join(file.files) or "nothing"
