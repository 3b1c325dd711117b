"""What a graph's `plugins:` names, and how a user says that it may run.

A graph or model file may come from anywhere. It says which plugins it needs; it never makes their
code run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePath
from shlex import quote

SUFFIX = ".py"


def plugin_name(entry: str) -> str:
    """Return the name of the plugin that an entry of `plugins:` means: a name, or a file's path."""
    return PurePath(entry).stem if entry.endswith(SUFFIX) else entry


def plugin_file(entry: str, origin: str | Path | None) -> Path | None:
    """Return the file that an entry means, seen from the file it stands in; None for a name."""
    if not entry.endswith(SUFFIX):
        return None
    folder = Path() if origin is None else Path(origin).parent
    return folder / Path(entry).expanduser()


def allowed_files(entries: Iterable[str], origin: str | Path | None) -> list[Path]:
    """Return the files that the entries of `plugins:` mean, for a user who allows all of them."""
    files = (plugin_file(entry, origin) for entry in entries)
    return [file for file in files if file is not None]


def not_loaded(entry: str, origin: str | Path | None) -> str:
    """Return the message for a plugin that a graph needs and nobody has loaded."""
    file = plugin_file(entry, origin)
    if file is None:
        return (
            f"the graph needs the plugin '{entry}', which is not installed or not loaded: install "
            f"the package that brings it, or give its file by `-p path/to/{entry}{SUFFIX}`"
        )
    shown = quote(os.path.relpath(file) if _near(file) else str(file))
    return (
        f"the graph needs the plugin file '{entry}', whose code would run with your rights: if you "
        f"trust it, add `-p {shown}` (or --allow-plugins, for all that the graph names)"
    )


def _near(file: Path) -> bool:
    """Return whether a path from the working folder is the shorter way to say where a file is."""
    return file.resolve().is_relative_to(Path.cwd())
