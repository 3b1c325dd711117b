"""Every error dcgraph raises on purpose.

One base class carries where a fault lies (file, line, node, field) so that the command line and a
caller's program read the same facts. Each error is also the matching builtin, and knows the exit
code a command answers it with: 2 when the request was wrong, 1 when a right request failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in an input, and where it stands.

    Attributes
    ----------
    message : str
        What was expected and what was received, and the remedy where one is known.
    file, line, node, field : optional
        The place; `line` counts from 1.
    """

    message: str
    file: str | None = None
    line: int | None = None
    node: str | None = None
    field: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        subject = ", ".join(
            f"{kind} '{name}'"
            for kind, name in (("node", self.node), ("field", self.field))
            if name is not None
        )
        return ": ".join(part for part in (place, subject, self.message) if part)


class DcgraphError(Exception):
    """Base of all errors of this package; `problem` says what and where."""

    kind: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        node: str | None = None,
        field: str | None = None,
    ) -> None:
        self.problem = Problem(message, None if file is None else str(file), line, node, field)
        super().__init__(str(self.problem))

    def to_dict(self) -> dict[str, Any]:
        """Return kind, message, file, line, node and field, as ``--json`` prints them."""
        return {"kind": self.kind, **asdict(self.problem)}


class RequestError(DcgraphError, ValueError):
    """What was asked cannot be done as asked; nothing was run."""

    kind = "request"
    exit_code = 2


class GraphError(RequestError):
    """A graph is not sound; `problems` lists all faults found, in the order of the file."""

    kind = "graph"
    shown: ClassVar[int] = 20

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(
            first.message, file=first.file, line=first.line, node=first.node, field=first.field
        )

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[: self.shown]]
        if len(self.problems) > self.shown:
            lines.append(f"... and {len(self.problems) - self.shown} more")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "problems": [asdict(problem) for problem in self.problems]}


class StudyError(GraphError):
    """A study file is not sound; `problems` lists all faults found, in the order of the file."""

    kind = "study"


class InputError(RequestError):
    """An array handed to a model does not fit it (shape, range, labels, mask)."""

    kind = "input"


class DataError(RequestError):
    """A data source cannot be used as asked."""

    kind = "data"


class DataMissingError(DataError, FileNotFoundError):
    """A data set is not on this machine."""

    kind = "data-missing"

    def __str__(self) -> str:
        return str(self.problem)


class BackendError(RequestError, RuntimeError):
    """The wanted backend cannot run here."""

    kind = "backend"


class PluginError(RequestError):
    """A plugin is broken, misspelt or clashes with another."""

    kind = "plugin"


class OutputExistsError(RequestError, FileExistsError):
    """The output file is there already."""

    kind = "output-exists"

    def __str__(self) -> str:
        return str(self.problem)


class OutputLockedError(RequestError):
    """Another process is writing the output file."""

    kind = "output-locked"


class RunError(DcgraphError, RuntimeError):
    """A run that was rightly asked for failed."""

    kind = "run"


class NumericalError(RunError, ArithmeticError):
    """An input or a parameter became NaN or infinite."""

    kind = "numerical"


class ModelFileError(DcgraphError, ValueError):
    """A model file is damaged, of another version, or no model file."""

    kind = "model-file"
    exit_code = 1


class InterruptedRunError(DcgraphError):
    """The user stopped a run; what it had reached is saved."""

    kind = "interrupted"
    exit_code = 130
