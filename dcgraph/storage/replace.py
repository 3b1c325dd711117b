"""Replaces a file as a whole: written beside the old one, flushed to disk, then renamed.

At any moment, a crash or a power cut included, the path holds the old bytes or the new ones.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from glob import escape
from pathlib import Path
from secrets import token_hex

from dcgraph.errors import DcgraphError, RequestError, RunError

DIGITS = 8  # of the random part of a name
# The place is wrong, rather than the disk full or broken.
_WRONG_PLACE = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.EEXIST,
        errno.ENAMETOOLONG,
        errno.ELOOP,
    }
)


def replace_file(path: Path, content: bytes | bytearray | memoryview) -> None:
    """Make `content` the bytes of a file, whole or not at all; missing folders are made.

    Raises
    ------
    RequestError
        There can be no such file: the folder is not writable, or the path is a directory.
    RunError
        The disk is full, or failed; the old file is as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own, so that two writers, whom a lock should keep apart, never mix bytes.
        beside = path.with_name(f".{path.name}.{token_hex(DIGITS // 2)}.part")
        try:
            with beside.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        _flush_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def sweep(path: Path) -> None:
    """Remove what writers of this file left who were killed; the caller is its only writer."""
    for left in path.parent.glob(f".{escape(path.name)}.{'[0-9a-f]' * DIGITS}.part"):
        left.unlink(missing_ok=True)


def unwritable(path: Path, error: OSError) -> DcgraphError:
    """Return the error that says why a file could not be written."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _WRONG_PLACE:
        message = f"the model file cannot be written there: {reason}; name another with -o"
        return RequestError(message, file=path)
    message = f"the model file could not be written: {reason}; what was there before is untouched"
    return RunError(message, file=path)


def _flush_folder(folder: Path) -> None:
    """Make the rename itself durable, where folders can be opened."""
    if os.name != "posix":
        return
    with suppress(PermissionError):  # a folder that may be written to but not read
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
