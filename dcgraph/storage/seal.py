"""A checksum over a file's bytes, checked before the HDF5 library sees any of them.

It stands behind the end of the HDF5 data, where no reader of HDF5 looks and from where every
program that opens the file for writing cuts it off. So a file with a checksum is as it was written
or damaged, and one without was edited, or written by another program.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from pathlib import Path
from typing import BinaryIO

from dcgraph.errors import ModelFileError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
CHUNK = 1 << 20
_PREFIX = b"dcgraph-model sha256 "
# The checksum of the file; the same under a key that never leaves this process; CRC-32 of both.
_SEAL = re.compile(_PREFIX + rb"([0-9a-f]{64}) ([0-9a-f]{64}) ([0-9a-f]{8})\n")
SEAL_BYTES = len(_PREFIX) + 2 * 65 + 8 + 1
_KEY = secrets.token_bytes(32)
# Where the superblock holds the length of the HDF5 data, by the superblock's version.
_END_AT = {0: 40, 1: 44, 2: 28, 3: 28}


def seal(file: BinaryIO) -> None:
    """Append the checksum of the HDF5 data, in place of the one that is there.

    Parameters
    ----------
    file : binary file
        Open for reading and writing.
    """
    size = file.seek(0, 2)
    if _found(file, size) is not None:
        size -= SEAL_BYTES
    digest = _digest(file, size)
    file.seek(size)
    file.write(_line(digest, _own(digest)))


def check_seal(file: BinaryIO, path: Path) -> bool:
    """Refuse a file that was damaged since it was written.

    Parameters
    ----------
    file : binary file
        Open for reading.
    path : Path
        Its name, for messages.

    Returns
    -------
    bool
        Whether this very process wrote the file, and no one changed it since.

    Raises
    ------
    ModelFileError
        It is no HDF5 file, was cut short, or holds a checksum and other bytes.
    """
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(64)
    if not head.startswith(SIGNATURE):
        what = "it is empty" if not head else "it is not HDF5"
        message = f"is no model file: {what}"
        raise ModelFileError(message, file=path)
    found = _found(file, size)
    if found is None:
        _check_length(head, size, path)
        return False
    digest, own = found
    if _digest(file, size - SEAL_BYTES) != digest:
        message = "is damaged: its bytes are not those that were written (checksum differs)"
        raise ModelFileError(message, file=path)
    return hmac.compare_digest(own, _own(digest))


def is_model_file(path: Path) -> bool:
    """Return whether a file begins as every HDF5 file does."""
    try:
        if not path.is_file():  # what a pipe gives can be read only once
            return False
        with path.open("rb") as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except (OSError, ValueError):  # unreadable, or no path at all (a null character)
        return False


def _check_length(head: bytes, size: int, path: Path) -> None:
    """Refuse a file whose length is not the one its superblock gives."""
    at = _END_AT.get(head[len(SIGNATURE)]) if len(head) > len(SIGNATURE) else None
    end = None if at is None else int.from_bytes(head[at : at + 8], "little")
    if end == size:
        return
    what = f"{end:,}" if end is not None and end < 2**62 else "another number of"
    message = f"is damaged or was cut short: it holds {size:,} bytes, and says that it has {what}"
    raise ModelFileError(message, file=path)


def _found(file: BinaryIO, size: int) -> tuple[bytes, bytes] | None:
    """Return the checksum at the end of a file and its own, None where there is none."""
    file.seek(max(0, size - SEAL_BYTES))
    line = file.read(SEAL_BYTES)
    match = _SEAL.fullmatch(line)
    return None if match is None or line != _line(match[1], match[2]) else (match[1], match[2])


def _line(digest: bytes, own: bytes) -> bytes:
    both = digest + b" " + own
    return _PREFIX + both + b" %08x\n" % zlib.crc32(both)


def _digest(file: BinaryIO, size: int) -> bytes:
    digest = hashlib.sha256()
    file.seek(0)
    while size > 0 and (chunk := file.read(min(CHUNK, size))):
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest().encode()


def _own(digest: bytes) -> bytes:
    return hmac.new(_KEY, digest, hashlib.sha256).hexdigest().encode()
