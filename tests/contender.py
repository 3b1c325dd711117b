"""A process that wants the lock of a model file; on the path of spawned processes, too."""

from __future__ import annotations

import os
from pathlib import Path

from dcgraph.errors import OutputLockedError
from dcgraph.storage.lock import output_lock


def contend(path: Path, rounds: int) -> None:
    """Take the lock again and again; fail if anyone else is ever inside."""
    inside = path.with_name("inside")
    taken = 0
    while taken < rounds:
        try:
            with output_lock(path):
                os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
                inside.unlink()
                taken += 1
        except OutputLockedError:
            continue
