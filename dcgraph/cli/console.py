"""Consoles and tables: how text looks on a terminal, in a pipe, in a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

WIDE = 1000  # columns; what is piped is read by programs, and must not be wrapped


class _PlainConsole(Console):
    """A console whose text means what it says, and which is no reason to end a run."""

    may_fall_silent = False

    def on_broken_pipe(self) -> None:
        """Fall silent, or raise the error that brought us here."""
        if not self.may_fall_silent:
            raise  # noqa: PLE0704 - called while the error is handled
        self.quiet = True
        # what is still buffered must go somewhere, or the interpreter complains at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def console(stream: TextIO, *, may_fall_silent: bool = False) -> Console:
    """Return a console on a stream: without control codes and line breaks if it is no terminal.

    Parameters
    ----------
    may_fall_silent : bool
        Whether a reader that goes away is ignored rather than an error.
    """
    terminal = stream.isatty()
    made = _PlainConsole(
        file=stream,
        force_terminal=terminal,
        width=None if terminal else WIDE,
        markup=False,
        highlight=False,
        emoji=False,
    )
    made.may_fall_silent = may_fall_silent
    return made


class _FittingTable(Table):
    """A table that becomes a list, a line for each cell, where words would have to be broken."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        needed = Measurement.get(console, options.update(max_width=WIDE), self).minimum
        if needed <= options.max_width:
            yield from super().__rich_console__(console, options)
            return
        for i, row in enumerate(zip(*(column.cells for column in self.columns), strict=True)):
            if i:
                yield Text("")
            for column, cell in zip(self.columns, row, strict=True):
                yield Text(f"{column.header}: {cell}")


def table(columns: Mapping[str, str | None], rows: Sequence[Sequence[Any]]) -> Table:
    """Return a table; columns that no row fills are left out.

    Parameters
    ----------
    columns : mapping of str to str or None
        From header to how its numbers are formatted (".2f"); None is a column of text.
    rows : sequence of rows
        None is shown as "-".
    """
    made = _FittingTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    texts = []
    for (header, form), *cells in zip(columns.items(), *rows, strict=True):
        if any(cell is not None for cell in cells):
            made.add_column(header, justify="left" if form is None else "right", overflow="fold")
            texts.append(["-" if cell is None else format(cell, form or "") for cell in cells])
    for row in zip(*texts, strict=True):
        made.add_row(*row)
    return made
