"""Lets another process read a file first: the HDF5 library can crash on one, or never come back."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from io import FileIO
from pathlib import Path

from dcgraph.errors import ModelFileError, RunError
from dcgraph.storage.probe import UNREADABLE

SECONDS = 5  # of processor time, and more for a large file
BYTES_PER_SECOND = 5_000_000
PATIENCE = 10  # a machine may be so many times slower than its processor
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from dcgraph.storage.probe import main; sys.exit(main(int(sys.argv[2])))"
)
_TOO_LONG = "is damaged or no model file: reading it takes too long"
_KILLED = {getattr(signal, name, None) for name in ("SIGXCPU", "SIGKILL")}
_LOGGER = logging.getLogger(__name__)


def survive(file: FileIO, path: Path) -> None:
    """Refuse a file on which the HDF5 library fails, crashes, or takes too long or too much.

    Parameters
    ----------
    file : file on disk, without a buffer
        Open for reading; the other process reads this one, whatever takes its name meanwhile.
    path : Path
        Its name, for messages.

    Raises
    ------
    ModelFileError
        It is damaged.
    RunError
        The other process could not do its work.
    """
    status = os.fstat(file.fileno())
    identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    _read_elsewhere(_Opened(file, identity), path)


@dataclass(frozen=True)
class _Opened:
    """An open file, equal to every other with the same bytes."""

    file: FileIO = field(compare=False)
    identity: tuple[int, ...]


@lru_cache(maxsize=16)  # a command opens one file several times
def _read_elsewhere(opened: _Opened, path: Path) -> None:
    file = opened.file
    if not sys.executable:
        message = "this Python cannot start another to read a file of unknown origin"
        raise RunError(message, file=path)
    seconds = SECONDS + file.seek(0, 2) // BYTES_PER_SECOND
    file.seek(0)
    try:
        process = subprocess.run(
            [sys.executable, "-I", "-c", _PROGRAM, json.dumps(_search_path()), str(seconds)],
            stdin=file,
            capture_output=True,
            env=_environment(),
            timeout=seconds * PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelFileError(_TOO_LONG, file=path) from error
    except OSError as error:
        message = f"no process to read it first could be started: {error.strerror or error}"
        raise RunError(message, file=path) from error
    code = process.returncode
    if code == UNREADABLE:
        said = process.stdout.decode(errors="replace")
        message = f"is damaged or no model file: it cannot be read ({said:.100})"
        raise ModelFileError(message, file=path)
    if -code in _KILLED:
        raise ModelFileError(_TOO_LONG, file=path)
    if code < 0:
        message = "is damaged or no model file: the HDF5 library crashes on it"
        raise ModelFileError(message, file=path)
    if code:
        _LOGGER.debug("%s", process.stderr.decode(errors="replace"))
        message = f"the process that was to read it first failed (exit code {code})"
        raise RunError(message, file=path)


def _search_path() -> list[str]:
    """Return where this process imports from, less the working folder, where anything may lie."""
    package = str(Path(__file__).resolve().parents[2])
    return list(dict.fromkeys([*filter(os.path.isabs, sys.path), package]))


def _environment() -> dict[str, str]:
    """Return this process's environment, less all that makes the library load other code."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HDF5_")}
    return {**kept, "HDF5_PLUGIN_PRELOAD": "::", "OPENBLAS_NUM_THREADS": "1"}
