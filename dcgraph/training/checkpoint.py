"""When and where a run is saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from dcgraph.contracts.events import Event, Saved
from dcgraph.storage.record import ModelRecord
from dcgraph.storage.write import write_model


@dataclass
class Checkpoint:
    """Writes a record to a file, now or when it is due.

    Attributes
    ----------
    path : Path or None
        None: the run is kept in memory alone.
    every : float
        Seconds from save to save.
    """

    path: Path | None
    every: float
    emit: Callable[[Event], None]
    _last: float = field(default_factory=monotonic)

    @property
    def due(self) -> bool:
        """Whether the last save is too long ago."""
        return self.path is not None and monotonic() - self._last >= self.every

    def save(self, record: ModelRecord) -> None:
        """Write the record, whole or not at all."""
        if self.path is None:
            return
        write_model(self.path, record)
        self._last = monotonic()
        self.emit(Saved(record.step, self.path))
