"""Progress on stderr: a live display on a terminal, plain lines elsewhere. It only listens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from dcgraph.cli.session import Session
from dcgraph.contracts.events import (
    BatchEnded,
    Evaluated,
    Event,
    Finished,
    NodeReading,
    Observer,
    Saved,
    Started,
)

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.progress import Progress

REFRESH = 0.25  # seconds between two pictures of the live display
PLAIN_EVERY = 10.0  # seconds between two plain lines
PLAIN_APART = 1.0  # seconds from a plain line to the one that ends an epoch, at least

MEASURED = ("log_likelihood", "auc", "accuracy")


@contextmanager
def progress(session: Session, batch_size: int) -> Iterator[Pace]:
    """Yield the observer that suits this session's stderr; it is put away at the end."""
    console = session.stderr
    if session.quiet:
        yield Pace(batch_size)
    elif not console.is_terminal or console.is_dumb_terminal:
        yield PlainProgress(batch_size, console=console)
    else:
        live = LiveProgress(batch_size, console=console)
        with live.shown():
            yield live


@dataclass
class Pace(Observer):
    """Knows how far a run is and how fast; shows nothing.

    Attributes
    ----------
    batch_size : int
        Images in a batch.
    step, total_steps : int
        Batches done, and to do in all.
    per_epoch : int
        Batches in an epoch.
    rate : float or None
        Batches a second since the run was started or resumed; None before that is known.
    nodes : mapping of str to NodeReading
        The last reading.
    idle : mapping of str to tuple of int
        Components that won nothing, once the run has ended.
    started : bool
        Whether there was anything to do.
    """

    batch_size: int
    step: int = 0
    total_steps: int = 0
    per_epoch: int = 1
    rate: float | None = None
    nodes: Mapping[str, NodeReading] = field(default_factory=dict)
    idle: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    started: bool = False
    _origin: tuple[float, int] = (0.0, 0)

    @property
    def images_per_second(self) -> float | None:
        """Training images a second."""
        return None if self.rate is None else self.rate * self.batch_size

    @property
    def seconds_left(self) -> float | None:
        """Estimate of the time to the last step."""
        return None if not self.rate else (self.total_steps - self.step) / self.rate

    def notify(self, event: Event) -> None:
        """Follow a run."""
        match event:
            case Started():
                self.started = True
                self.step, self.total_steps = event.step, event.total_steps
                self.per_epoch = event.steps_per_epoch
                self._origin = (monotonic(), event.step)
            case BatchEnded():
                self.step, self.nodes = event.step, event.nodes or self.nodes
                seconds, steps = monotonic() - self._origin[0], event.step - self._origin[1]
                self.rate = steps / seconds if seconds > 0 else None
            case Finished():
                self.idle = event.idle


@dataclass
class PlainProgress(Pace):
    """One line every few seconds and at each epoch's end: for log files and pipes."""

    console: Console | None = None
    _last: tuple[float, int] = (0.0, 0)

    def notify(self, event: Event) -> None:
        """Follow a run, and print."""
        super().notify(event)
        match event:
            case Started():
                self._last = (monotonic(), self.step // self.per_epoch)
                begun = f"resuming after step {self.step}" if self.step else "training"
                epochs = self.total_steps / self.per_epoch
                unit = "epoch" if epochs == 1 else "epochs"
                self._print(f"{begun}: {self.total_steps} steps, {epochs:.4g} {unit}")
            case BatchEnded():
                epoch = self.step // self.per_epoch
                waited = monotonic() - self._last[0]
                due = waited >= (PLAIN_APART if epoch > self._last[1] else PLAIN_EVERY)
                if due or self.step == self.total_steps:
                    self._last = (monotonic(), epoch)
                    self._print(self._line())
            case Evaluated():
                self._print(f"step {event.step} {event.split}: {measured(event.metrics)}")

    def _line(self) -> str:
        parts = [f"step {self.step}/{self.total_steps}"]
        parts += [f"{self.images_per_second:.0f} images/s"] if self.rate else []
        parts += [f"{clock(self.seconds_left)} left"] if self.step < self.total_steps else []
        parts += [
            f"{name} {reading.log_likelihood:.2f} sigma {reading.sigma:.2f} {reading.stage}"
            for name, reading in self.nodes.items()
        ]
        return ", ".join(parts)

    def _print(self, line: str) -> None:
        if self.console is not None:
            self.console.print(line, soft_wrap=True)


@dataclass
class LiveProgress(Pace):
    """A bar, and a row for each node that learns, drawn anew in place."""

    console: Console | None = None
    _bar: Progress | None = None
    _live: Live | None = None
    _drawn: float = 0.0
    _metrics: str = ""

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Put the display away at the end of the block, whatever ends it."""
        try:
            yield
            # what follows is the result: of the display only the bar stays, for the time it took
            self.nodes, self._metrics = {}, ""
            self._draw()
        finally:
            if self._live is not None:
                self._live.stop()

    def notify(self, event: Event) -> None:
        """Follow a run, and draw."""
        super().notify(event)
        match event:
            case Started():
                self._start()
            case Evaluated():
                self._metrics = f"{event.split}, step {event.step}: {measured(event.metrics)}"
        if monotonic() - self._drawn >= REFRESH or not isinstance(event, BatchEnded | Saved):
            self._draw()

    def _start(self) -> None:
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TextColumn("{task.fields[pace]}"),
            console=self.console,
            expand=True,
        )
        self._bar.add_task("training", total=self.total_steps, pace="")
        # drawn from here alone, without a thread of its own
        self._live = Live(self._picture(), console=self.console, auto_refresh=False)
        self._live.start()

    def _draw(self) -> None:
        if self._live is not None and self._bar is not None:
            (task,) = self._bar.task_ids
            left = "" if self.step == self.total_steps else f"  {clock(self.seconds_left)} left"
            speed = f"  {self.images_per_second:.0f} images/s" if self.rate else ""
            pace = f"step {self.step}/{self.total_steps}{speed}{left}"
            self._bar.update(task, completed=self.step, pace=pace)
            self._live.update(self._picture(), refresh=True)
            self._drawn = monotonic()

    def _picture(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        from dcgraph.cli.console import table

        rows = [
            (name, reading.log_likelihood, reading.sigma, reading.stage)
            for name, reading in self.nodes.items()
        ]
        columns = {"node": None, "log-likelihood": ".2f", "sigma": ".2f", "state": None}
        parts: list[RenderableType] = [self._bar] if self._bar is not None else []
        parts += [table(columns, rows)] if rows else []
        parts += [Text(self._metrics)] if self._metrics else []
        return Group(*parts)


def measured(metrics: Mapping[str, Mapping[str, float]]) -> str:
    """Return the main metrics by node in one line."""
    return ", ".join(
        " ".join([node, *(f"{name} {values[name]:.4g}" for name in MEASURED if name in values)])
        for node, values in metrics.items()
    )


def clock(seconds: float | None) -> str:
    """Return a duration as h:mm:ss or m:ss; "-:--" while it is unknown."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
