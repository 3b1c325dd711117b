"""Downloads the files of a data set: each whole and verified, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import shorten

from dcgraph.errors import DataError


def download(
    names: Iterable[str],
    folder: Path,
    *,
    mirrors: Sequence[str],
    checksums: Mapping[str, str],
) -> None:
    """Download files into a folder.

    A file is written beside its place and takes it only once its checksum is right.

    Parameters
    ----------
    mirrors : sequence of str
        Addresses of folders that hold the files; a later one is asked when the earlier fail.
    checksums : mapping of str to str
        SHA-256 of each file, hexadecimal.

    Raises
    ------
    DataError
        A file could not be had from any mirror, or not be written.
    """
    for name in names:
        _download(name, folder, mirrors, checksums[name])


def _download(name: str, folder: Path, mirrors: Sequence[str], checksum: str) -> None:
    import pooch

    failures: list[Exception] = []
    for mirror in mirrors:
        try:
            pooch.retrieve(mirror + name, f"sha256:{checksum}", fname=name, path=folder)
        except (OSError, ValueError) as error:  # the network's errors are OSErrors
            failures.append(error)
        else:
            return
    reasons = "; ".join(
        f"{mirror}: {shorten(str(failure), 120, placeholder='...')}"
        for mirror, failure in zip(mirrors, failures, strict=True)
    )
    message = f"could not be downloaded ({reasons}): try again, or put the file there yourself"
    raise DataError(message, file=folder / name) from failures[-1]
