"""A checksum over a file's bytes, checked before the HDF5 library sees any of them.

It stands in the user block, the 512 bytes before the HDF5 signature that the format leaves to
applications. The library was not written for damaged bytes and can crash or hang on them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from dcgraph.errors import ModelFileError

USER_BLOCK = 512
SIGNATURE = b"\x89HDF\r\n\x1a\n"
_PREFIX = b"dcgraph-model sha256 "


def seal(file: BinaryIO) -> None:
    """Write the checksum of everything behind the user block into it.

    Parameters
    ----------
    file : binary file
        Open for reading and writing.
    """
    line = _line(file)
    file.seek(0)
    file.write(line.ljust(USER_BLOCK, b"\0"))


def check_seal(file: BinaryIO, path: Path) -> None:
    """Refuse a file that is not, byte for byte, what was written.

    Parameters
    ----------
    file : binary file
        Open for reading.
    path : Path
        Its name, for messages.

    Raises
    ------
    ModelFileError
        It is no model file, or is damaged or changed.
    """
    head = file.read(USER_BLOCK)
    if not head.startswith(_PREFIX):
        if head.startswith(SIGNATURE):
            message = "is an HDF5 file, but none that dcgraph wrote (it has no checksum)"
        elif not head:
            message = "is no model file: it is empty"
        else:
            message = "is no model file: it does not begin as one"
        raise ModelFileError(message, file=path)
    if head != _line(file).ljust(USER_BLOCK, b"\0"):
        message = (
            "is damaged or was changed by another program: its bytes are not those that were "
            "written (checksum differs)"
        )
        raise ModelFileError(message, file=path)


def is_model_file(path: Path) -> bool:
    """Return whether a file begins as a model file or as any HDF5 file does."""
    try:
        if not path.is_file():  # what a pipe gives can be read only once
            return False
        with path.open("rb") as file:
            head = file.read(max(len(_PREFIX), len(SIGNATURE)))
    except (OSError, ValueError):  # unreadable, or no path at all (a null character)
        return False
    return head.startswith((_PREFIX, SIGNATURE))


def _line(file: BinaryIO) -> bytes:
    file.seek(USER_BLOCK)
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return _PREFIX + digest.hexdigest().encode() + b"\n"
