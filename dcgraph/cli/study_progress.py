"""How far a study is, on stderr: a bar on a terminal, a line for each run elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

from dcgraph.cli.progress import clock
from dcgraph.cli.session import Session

if TYPE_CHECKING:
    from rich.console import Console

    from dcgraph.study.run import Outcome, Run


@dataclass
class StudyProgress:
    """Counts outcomes; prints a line for each where there is a console."""

    total: int
    console: Console | None = None
    done: int = 0
    failed: int = 0
    _began: float = field(default_factory=monotonic)

    def note(self, outcome: Outcome) -> None:
        """Hear of a run that has ended."""
        self.done += 1
        self.failed += outcome.result is None
        if outcome.result is None:
            end = f"failed: {outcome.error}"
        else:
            end = f"{outcome.result.seconds:.1f} s"
        self._tell(f"{self.done}/{self.total} {outcome.run.name}: {end}")

    @property
    def left(self) -> str:
        """Estimate of the time to the end."""
        spent = monotonic() - self._began
        return clock(spent / self.done * (self.total - self.done) if self.done else None)

    def _tell(self, line: str) -> None:
        if self.console is not None:
            self.console.print(f"{line}, {self.left} left", soft_wrap=True)


@dataclass
class StudyBar(StudyProgress):
    """A bar that is drawn in place."""

    bar: Any = None

    def _tell(self, line: str) -> None:
        (task,) = self.bar.task_ids
        failed = f", {self.failed} failed" if self.failed else ""
        text = f"{self.done}/{self.total}{failed}  {self.left} left"
        self.bar.update(task, completed=self.done, pace=text, last=line.partition(" ")[2])


@contextmanager
def study_progress(session: Session, runs: Sequence[Run]) -> Iterator[StudyProgress]:
    """Yield what suits this session's stderr; it is put away at the end."""
    console = session.stderr
    if session.quiet or not runs:
        yield StudyProgress(len(runs))
    elif not console.is_terminal or console.is_dumb_terminal:
        console.print(f"{len(runs)} runs to do", soft_wrap=True)
        yield StudyProgress(len(runs), console)
    else:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        bar = Progress(
            TextColumn("runs"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TextColumn("{task.fields[pace]}  {task.fields[last]}"),
            console=console,
            expand=True,
        )
        with bar:
            bar.add_task("runs", total=len(runs), pace=f"0/{len(runs)}", last="")
            yield StudyBar(len(runs), console, bar=bar)
