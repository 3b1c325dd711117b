"""Learning from rows as they come: the training loop, fed by a caller instead of by a data set."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph import __version__
from dcgraph.backends.contract import Backend
from dcgraph.contracts.events import Event
from dcgraph.data.dataset import Dataset, Subset
from dcgraph.engine.recorded import RecordingScheduler
from dcgraph.estimators.rows import dataset_of
from dcgraph.graph.graph import Graph
from dcgraph.rng import stream
from dcgraph.signal import Shape
from dcgraph.storage.record import ModelRecord
from dcgraph.training.checks import check_request
from dcgraph.training.evaluation import calibrate
from dcgraph.training.feeding import HostFeed
from dcgraph.training.loop import Loop
from dcgraph.training.start import new_record, on_device, on_host


def unheard(event: Event) -> None:
    """Tell nobody."""


class FedLoop(Loop):
    """A loop that is handed its images, a chunk at a time."""

    def feed(self, chunk: Subset) -> None:
        """Take one step for each batch of a chunk, in random order.

        Parameters
        ----------
        chunk : Subset
            Of any size. Where a step counts as more than the schedule has, the run stays at the
            schedule's end.
        """
        self.images, self.feeding = chunk, HostFeed(self.scheduler, chunk)
        record, size = self.record, self.graph.train.batch_size
        order = stream(record.seed, "data", "chunk", record.step).permutation(len(chunk))
        for first in range(0, len(order), size):
            record.total_steps = max(record.total_steps, record.step + 1)
            self._step(order[first : first + size])
        self.check_losses()

    @property
    def per_epoch(self) -> int:
        """Steps in an epoch: a stream has no data set, so its schedule counts as one."""
        return self.record.total_steps


def begun(graph: Graph, ops: Backend, *, total_steps: int) -> ModelRecord:
    """Return a model that has learned nothing and has a schedule of so many steps."""
    record = new_record(graph, ops, steps_per_epoch=1)
    record.total_steps = total_steps
    record.provenance = {
        "dcgraph": __version__,
        "numpy": np.__version__,
        "backend": ops.name,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return record


def learn(
    record: ModelRecord,
    ops: Backend,
    X: NDArray[Any],
    labels: NDArray[np.int64] | None,
    shape: Shape,
) -> None:
    """Let a model learn from more rows, where it stands in its schedule.

    Parameters
    ----------
    record : ModelRecord
        Is brought up to date.
    X : array of shape (n, h * w * c)
    labels : integer array of shape (n,), or None
    """
    dataset = dataset_of(X, labels, shape)
    check_request(record.graph, dataset)
    scheduler = RecordingScheduler(record.graph, ops, on_device(record.states, ops))
    with ops.limited():
        FedLoop(record, scheduler, dataset.train, unheard).feed(dataset.train)
    record.states = on_host(scheduler.states, ops)
    record.complete = record.step >= record.total_steps


def learn_until_still(
    record: ModelRecord, ops: Backend, dataset: Dataset, *, node: str, tolerance: float
) -> tuple[bool, float]:
    """Learn from a data set, epoch by epoch, until the loss of a node rises no more.

    Returns
    -------
    converged : bool
        False: the schedule has ended first.
    loss : float
        Mean over the last epoch, in nats.
    """
    scheduler = RecordingScheduler(record.graph, ops, on_device(record.states, ops))
    loop = Loop(record, scheduler, dataset.train, unheard)
    loop.reading_interval = 1  # the mean of an epoch is one of all its batches
    rows, size = len(dataset.train), record.graph.train.batch_size
    weights = np.minimum(size, rows - size * np.arange(loop.per_epoch))
    before, loss, converged = -np.inf, -np.inf, False
    with ops.limited():
        for step in loop.steps():
            if step % loop.per_epoch:
                continue
            losses = record.history[node]["loss"][-loop.per_epoch :]
            loss = float(np.average(losses, weights=weights))
            converged = abs(loss - before) < tolerance
            if converged:
                break
            before = loss
    record.states = on_host(scheduler.states, ops)
    record.calibration, _ = calibrate(scheduler, dataset.train)
    record.total_steps, record.complete = record.step, True
    return converged, loss
