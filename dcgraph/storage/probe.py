"""Reads all of an HDF5 file and keeps nothing, in a process whose death hurts no one.

What can be read here without harm can be read again by `checked`: the library does the same with
the same bytes. The process gets the open file as its standard input.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from dcgraph.storage.layout import ATTRIBUTES_MAX, DEPTH_MAX, OBJECTS_MAX, TEXT_MAX

UNREADABLE = 3  # exit code; what the library said is on standard output
MEMORY = 1 << 28  # bytes, besides what is needed for the data
_LIBRARY_ERRORS = (OSError, RuntimeError, KeyError, TypeError, ValueError, OverflowError)


def main(seconds: int) -> int:
    """Read the file that is the standard input; return the exit code."""
    import h5py

    size = os.fstat(0).st_size
    limit(seconds, MEMORY + 2 * size)
    try:
        with open(0, "rb", closefd=False) as stream, h5py.File(stream, "r") as file:
            _Walk(bytes_left=size, objects_left=OBJECTS_MAX).group(file, 0)
    except (*_LIBRARY_ERRORS, MemoryError, RecursionError) as error:
        os.write(1, " ".join(f"{error}".split()).encode(errors="replace")[:200])
        return UNREADABLE
    return 0


def limit(seconds: int, memory: int) -> None:
    """Bound what this process may still use of processor and memory, where the system can."""
    with suppress(ImportError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        until = int(used.ru_utime + used.ru_stime) + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (until, until))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        statm = Path("/proc/self/statm")
        if statm.exists():
            pages = int(statm.read_text().split()[0])
            memory += pages * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


@dataclass
class _Walk:
    """What may still be read: hard links can make a file look larger than it is."""

    bytes_left: int
    objects_left: int

    def group(self, group: Any, depth: int) -> None:
        import h5py
        from h5py import h5l

        self.attributes(group)
        self.objects_left -= len(group)
        if depth > DEPTH_MAX or self.objects_left < 0:
            return  # no model has that, and no reader goes there
        for name in group:
            raw = name if isinstance(name, bytes) else name.encode()
            if group.id.links.get_info(raw).type != h5l.TYPE_HARD:
                continue
            member = group[name]
            if isinstance(member, h5py.Group):
                self.group(member, depth + 1)
            elif isinstance(member, h5py.Dataset):
                self.array(member)

    def attributes(self, group: Any) -> None:
        if len(group.attrs) > ATTRIBUTES_MAX:
            return
        for name in group.attrs:
            declared = group.attrs.get_id(name)
            _ = declared.dtype
            if declared.shape == () and declared.get_type().get_size() <= TEXT_MAX:
                _ = group.attrs[name]

    def array(self, member: Any) -> None:
        from h5py import h5d

        plan = member.id.get_create_plist()
        here = plan.get_layout() in (h5d.CONTIGUOUS, h5d.COMPACT)
        if not here or plan.get_nfilters() or plan.get_external_count() or member.shape is None:
            return
        needed = member.dtype.itemsize * prod(member.shape)
        if member.dtype.kind in "iufS" and needed <= min(
            member.id.get_storage_size(), self.bytes_left
        ):
            self.bytes_left -= needed
            _ = member[()]
