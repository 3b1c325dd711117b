"""Arrays onto the disk, block by block, so that any number of images takes little memory."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_STORED, ZipFile

import numpy as np
from numpy.typing import NDArray

from dcgraph.pictures.files import replacing

Blocks = Iterable[NDArray[Any]]


def write_blocks(
    path: Path,
    name: str,
    length: int,
    blocks: Blocks,
    *,
    extra: Mapping[str, NDArray[Any]] = {},
) -> None:
    """Write blocks as one array of the given length, to an .npz or .h5 file.

    Parameters
    ----------
    name : str
        Of the array in the file.
    length : int
        Sum of the blocks' lengths.
    blocks : iterable of arrays of shape (m, *shape)
        All of one dtype; read once, and none is kept.
    extra : mapping of str to array
        What else the file holds.
    """
    write = {".npz": _write_npz, ".h5": _write_h5}[path.suffix.lower()]
    with replacing(path) as beside:
        write(beside, name, length, blocks, extra)


def _write_npz(
    path: Path, name: str, length: int, blocks: Blocks, extra: Mapping[str, NDArray[Any]]
) -> None:
    with ZipFile(path, "w", ZIP_STORED) as archive:
        with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
            _write_npy(member, length, blocks)
        for other, array in extra.items():
            with archive.open(f"{other}.npy", "w", force_zip64=True) as member:
                _write_npy(member, len(array), [array])


def _write_npy(member: IO[bytes], length: int, blocks: Blocks) -> None:
    for number, block in enumerate(blocks):
        if number == 0:
            header = {
                "descr": np.lib.format.dtype_to_descr(block.dtype),
                "fortran_order": False,
                "shape": (length, *block.shape[1:]),
            }
            np.lib.format.write_array_header_1_0(member, header)
        member.write(np.ascontiguousarray(block).tobytes())


def _write_h5(
    path: Path, name: str, length: int, blocks: Blocks, extra: Mapping[str, NDArray[Any]]
) -> None:
    import h5py

    start = 0
    with h5py.File(path, "w") as file:
        for block in blocks:
            shape = (length, *block.shape[1:])
            dataset = file.require_dataset(name, shape, block.dtype, exact=True)
            dataset[start : start + len(block)] = block
            start += len(block)
        for other, array in extra.items():
            file.create_dataset(other, data=array)


def write_columns(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays of equal length as the columns of a .csv file, or by name to an .npz file."""
    with replacing(path) as beside:
        if path.suffix.lower() == ".npz":
            np.savez(beside, allow_pickle=False, **columns)
            return
        with beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
