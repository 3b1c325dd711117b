"""The one place that turns errors into text, JSON and exit codes."""

from __future__ import annotations

import errno
import os
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import click

from dcgraph.cli.session import Session
from dcgraph.errors import DcgraphError, Problem

FAILED, WRONG, INTERRUPTED = 1, 2, 130
# what another path would cure; anything else is the machine's failure
WRONG_PATH = {
    errno.EACCES,
    errno.EEXIST,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


@dataclass(frozen=True)
class Fault:
    """What is said of an error.

    Attributes
    ----------
    exit_code : int
    lines : tuple of str
        Each is printed behind "error: ".
    fields : dict
        The ``error`` of the JSON object: kind, message, file, line, node, field.
    hint : str
        What to do next, where there is something to say.
    """

    exit_code: int
    lines: tuple[str, ...]
    fields: dict[str, Any]
    hint: str = ""


def answer(error: BaseException, session: Session) -> int:
    """Print what is to be said of an error; return the exit code."""
    fault = explain(error)
    if session.debug:
        session.stderr.print("".join(traceback.format_exception(error)), end="", soft_wrap=True)
    print_fault(fault, session)
    if session.json:
        with suppress(OSError):  # stdout may be what failed
            session.reply({"error": fault.fields}, lambda console: None, ok=False)
    return fault.exit_code


def print_fault(fault: Fault, session: Session) -> None:
    """Print a fault on stderr."""
    for line in fault.lines:
        session.stderr.print(f"error: {line}", soft_wrap=True)
    if fault.hint:
        session.stderr.print(fault.hint, soft_wrap=True)


def explain(error: BaseException) -> Fault:
    """Return what is to be said of an error, and the exit code it deserves."""
    if isinstance(error, DcgraphError):
        return Fault(error.exit_code, tuple(str(error).splitlines()), error.to_dict())
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx is not None else "dcgraph"
        hint = f"'{path} --help' shows what it takes, with an example"
        return _fault(WRONG, "usage", error.format_message(), hint)
    if isinstance(error, click.ClickException):
        return _fault(WRONG, "usage", error.format_message())
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return _fault(INTERRUPTED, "interrupted", "interrupted")
    if isinstance(error, MemoryError):
        detail = f" ({error})" if str(error) else ""
        message = f"there is not enough memory{detail}: take smaller batches or a smaller graph"
        return _fault(FAILED, "memory", message)
    if isinstance(error, OSError) and error.errno is not None:
        return _os_fault(error)
    message = f"{type(error).__name__}: {error}".rstrip(": ")
    hint = "this is a fault of the program; run again with --debug to see where it happened"
    return _fault(FAILED, "unexpected", message, hint)


def _os_fault(error: OSError) -> Fault:
    reason = os.strerror(error.errno or 0).lower()
    if error.errno == errno.ENOSPC:
        reason = "the disk is full: make room, or write to another place with -o"
    file = None if error.filename is None else os.fsdecode(error.filename)
    return _fault(WRONG if error.errno in WRONG_PATH else FAILED, "os", reason, file=file)


def _fault(
    exit_code: int, kind: str, message: str, hint: str = "", file: str | None = None
) -> Fault:
    problem = Problem(message, file=file)
    fields = {
        "kind": kind,
        "message": message,
        "file": file,
        "line": None,
        "node": None,
        "field": None,
    }
    return Fault(exit_code, (" ".join(str(problem).split("\n")),), fields, hint)
