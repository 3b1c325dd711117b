"""How one call of the program speaks: the result on stdout, all else on stderr."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

LOGGER = logging.getLogger("dcgraph")


@dataclass
class Session:
    """One call of the program.

    Attributes
    ----------
    arguments : list of str
        As typed, without the program's name.
    command : str or None
        Name of the command, once it is known.
    quiet : bool
        Only errors on stderr.
    verbosity : int
        0: warnings; 1: what happens; 2 and more: details.
    allows_plugins : bool
        Whether the plugin files that graphs name may be loaded.
    """

    arguments: list[str] = field(default_factory=list)
    command: str | None = None
    quiet: bool = False
    verbosity: int = 0
    allows_plugins: bool = False
    began: float = field(default_factory=perf_counter)

    @property
    def json(self) -> bool:
        """Whether the result is wanted as one JSON object."""
        return self._asked("--json")

    @property
    def debug(self) -> bool:
        """Whether tracebacks are wanted."""
        return self._asked("--debug")

    def _asked(self, flag: str) -> bool:
        # looked up in what was typed, for a call that cannot be parsed must be answered too
        end = self.arguments.index("--") if "--" in self.arguments else len(self.arguments)
        return flag in self.arguments[:end]

    @cached_property
    def stdout(self) -> Console:
        """Where results go."""
        from dcgraph.cli.console import console

        return console(sys.stdout)

    @cached_property
    def stderr(self) -> Console:
        """Where progress, advice and errors go; if nobody listens, that changes nothing."""
        from dcgraph.cli.console import console

        return console(sys.stderr, may_fall_silent=True)

    def reply(
        self, fields: Mapping[str, Any], show: Callable[[Console], None], *, ok: bool = True
    ) -> None:
        """Print the result: `fields` as JSON where that is wanted, else what `show` prints."""
        if not self.json:
            show(self.stdout)
            return
        from dcgraph import __version__

        seconds = round(perf_counter() - self.began, 3)
        frame = {"command": self.command, "version": __version__, "ok": ok, "seconds": seconds}
        print(json.dumps(plain({**frame, **fields}), allow_nan=False), flush=True)

    def advise(self, text: str) -> None:
        """Print advice on stderr, for a person who watches."""
        if not self.quiet and not self.json:
            self.stderr.print(text, soft_wrap=True)

    def warn(self, text: str) -> None:
        """Print a warning on stderr."""
        if not self.quiet:
            self.stderr.print(f"warning: {text}", soft_wrap=True)

    def start_logging(self) -> Callable[[], None]:
        """Show log records on stderr; return what ends it."""
        levels = (logging.WARNING, logging.INFO, logging.DEBUG)
        level = logging.ERROR if self.quiet else levels[min(self.verbosity, 2)]
        level = logging.DEBUG if self.debug else level
        handler = _ConsoleHandler(self.stderr)
        previous = LOGGER.level
        LOGGER.addHandler(handler)
        LOGGER.setLevel(level)

        def stop() -> None:
            LOGGER.removeHandler(handler)
            LOGGER.setLevel(previous)

        return stop


class _ConsoleHandler(logging.Handler):
    """Prints records the way warnings and errors are printed, above a live display."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console

    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.levelname.lower()}: {record.getMessage()}"
        self.console.print(text, soft_wrap=True)


def plain(value: Any) -> Any:
    """Return the value as JSON can hold it; numbers that are not finite become null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy arrays and numbers
        return plain(value.tolist())
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value if isinstance(value, str | int | None) else str(value)
