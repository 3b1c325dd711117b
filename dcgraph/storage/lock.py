"""One writer for a model file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcgraph.errors import OutputLockedError
from dcgraph.storage.replace import sweep, unwritable

PATIENCE = 0.2  # seconds: a holder that is just leaving is no reason to refuse


@contextmanager
def output_lock(path: Path) -> Iterator[None]:
    """Hold the lock file ``<path>.lock``; the system frees it when the process ends, however.

    Raises
    ------
    OutputLockedError
        Another process writes the file.
    RequestError
        The folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    lock_path = path.with_name(f"{path.name}.lock")
    lock = FileLock(lock_path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=PATIENCE, poll_interval=PATIENCE / 10)
    except Timeout as error:
        message = (
            "another process is writing this file: wait until it is done, stop it, or name "
            "another output with -o"
        )
        raise OutputLockedError(message, file=path) from error
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        sweep(path)
        yield
    finally:
        # The name goes while the lock is still held: whoever has opened the file meanwhile gets
        # the lock of a file without a name, which filelock recognises and gives up.
        if os.name == "posix":
            lock_path.unlink(missing_ok=True)
        lock.release()
