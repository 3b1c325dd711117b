"""Reads IDX files, the format of MNIST and its kin."""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import DataError

BYTES_MAX = 2**31
REMEDY = "delete it and fetch the data set again"


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Return the array of unsigned bytes in an IDX file, gzipped or plain.

    Raises
    ------
    DataError
        The file is damaged or holds something else.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            sizes = _sizes(path, file.read(4 + 4 * dimensions), dimensions)
            wanted = prod(sizes)
            content = file.read(wanted + 1)  # reading past the end has gzip check its checksum
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        message = f"cannot be read, for its compressed data is damaged ({error}): {REMEDY}"
        raise DataError(message, file=path) from error
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        raise DataError(message, file=path) from error
    if len(content) != wanted:
        held = f"more than {wanted:,}" if len(content) > wanted else f"{len(content):,}"
        message = f"is damaged: its header promises {wanted:,} bytes, it holds {held}: {REMEDY}"
        raise DataError(message, file=path)
    return np.frombuffer(content, np.uint8).reshape(sizes)


def _sizes(path: Path, head: bytes, dimensions: int) -> tuple[int, ...]:
    magic = bytes([0, 0, 8, dimensions])
    if len(head) < 4 + 4 * dimensions or head[:4] != magic:
        message = (
            f"is no IDX file of unsigned bytes in {dimensions} dimension(s): it should begin with "
            f"{magic.hex(' ')}, received {head[:4].hex(' ') or 'nothing'}"
        )
        raise DataError(message, file=path)
    sizes = tuple(int(size) for size in np.frombuffer(head, ">u4", dimensions, 4))
    if prod(sizes) > BYTES_MAX:
        message = f"is damaged: its header promises {prod(sizes):,} bytes: {REMEDY}"
        raise DataError(message, file=path)
    return sizes
