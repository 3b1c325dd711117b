"""A run, from a checked graph and its data to a finished model, in a file or in memory."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import numpy as np

from dcgraph.backends.contract import Backend
from dcgraph.backends.select import make_backend
from dcgraph.contracts.events import (
    EpochEnded,
    Evaluated,
    Failed,
    Finished,
    Observer,
    Started,
)
from dcgraph.data.batches import steps_per_epoch
from dcgraph.data.dataset import Dataset
from dcgraph.engine.recorded import RecordingScheduler
from dcgraph.errors import (
    InterruptedRunError,
    OutputExistsError,
)
from dcgraph.graph.graph import Graph
from dcgraph.plugin.load import installed_plugins
from dcgraph.plugin.manager import Plugins
from dcgraph.storage.lock import output_lock
from dcgraph.storage.read import read_model
from dcgraph.storage.record import ModelRecord
from dcgraph.training.audience import Audience, plugin_observers
from dcgraph.training.checkpoint import Checkpoint
from dcgraph.training.checks import check_memory, check_request
from dcgraph.training.evaluation import calibrate, evaluate, pixel_range
from dcgraph.training.interrupt import Interruption, interruptible
from dcgraph.training.loop import Loop
from dcgraph.training.resume import check_same_run
from dcgraph.training.start import new_record, on_device, on_host
from dcgraph.training.takeover import take_over, transfers


def run(
    graph: Graph,
    dataset: Dataset,
    *,
    output: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    backend: str = "auto",
    threads: int | None = None,
    observers: Iterable[Observer] = (),
    evaluate_every: float | None = None,
    save_every: float = 60.0,
    command: str | None = None,
    plugins: Plugins | None = None,
    init: ModelRecord | None = None,
) -> ModelRecord:
    """Train a graph on a data set.

    Parameters
    ----------
    output : Path or None
        The model file: written before the first step, every `save_every` seconds, at the end of
        each epoch, on Ctrl-C and on failure. None keeps the model in memory.
    resume : bool
        Continue the file, to the same numbers; start where there is none.
    overwrite : bool
        Replace the file.
    evaluate_every : float or None
        Epochs from one evaluation on held-out images to the next; None: at the end alone.
    command : str or None
        What the user typed, for the file's provenance.
    init : ModelRecord or None
        A model whose parameters a fresh run begins with, where `transfers` says so.

    Returns
    -------
    ModelRecord
        With states on the host.

    Raises
    ------
    OutputExistsError, OutputLockedError, RequestError
        The output is there, another process writes it, or it holds another run.
    InterruptedRunError
        The user stopped the run; what it had reached is in the file.
    NumericalError
        Losses became infinite; the last good state is in the file.
    """
    check_request(graph, dataset)
    ops = make_backend(backend, threads=threads, additions=graph.additions)
    check_memory(graph, len(dataset.train), ops)
    plugins = plugins or installed_plugins()
    audience = [*observers, *plugin_observers(plugins)]
    options = _Options(audience, evaluate_every, save_every, command, plugins)
    if output is None:
        return _Run(_fresh(graph, dataset, ops, init), dataset, ops, None, options).execute()
    with output_lock(output):
        if output.exists() and not resume and not overwrite:
            message = (
                "the output file is there already: continue it with --resume, replace it with "
                "--overwrite, or name another with -o"
            )
            raise OutputExistsError(message, file=output)
        if resume and output.exists():
            record = read_model(output, plugins=plugins)
            check_same_run(record, graph, dataset.digest, output)
            if record.complete:
                return record
        else:
            record = _fresh(graph, dataset, ops, init)
        return _Run(record, dataset, ops, output, options).execute()


def _fresh(graph: Graph, dataset: Dataset, ops: Backend, init: ModelRecord | None) -> ModelRecord:
    from dcgraph import __version__

    per_epoch = steps_per_epoch(len(dataset.train), graph.train.batch_size)
    record = new_record(graph, ops, steps_per_epoch=per_epoch)
    chosen = [] if init is None else transfers(graph, init)
    if init is not None:
        take_over(record, init, chosen, ops)
    record.provenance = {
        "dcgraph": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "backend": ops.name,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": 0.0,
        "training_images": len(dataset.train),
        "data_digest": dataset.digest,
    }
    if init is not None:
        record.provenance["taken_over"] = " ".join(each.node for each in chosen if each.taken)
    return record


@dataclass(frozen=True)
class _Options:
    observers: list[Observer]
    evaluate_every: float | None
    save_every: float
    command: str | None
    plugins: Plugins


class _Run:
    """One execution: the loop, what is saved when, and what is measured at the end."""

    def __init__(
        self,
        record: ModelRecord,
        dataset: Dataset,
        ops: Backend,
        output: Path | None,
        options: _Options,
    ) -> None:
        self.record = record
        self.dataset = dataset
        self.options = options
        audience = Audience(options.observers)
        self.emit = audience.tell
        self.scheduler = RecordingScheduler(record.graph, ops, on_device(record.states, ops))
        self.loop = Loop(record, self.scheduler, dataset.train, self.emit)
        if audience.hears_nodes:
            self.scheduler.watch = self.loop.watch
        self.checkpoint = Checkpoint(output, options.save_every, self.emit)
        self.began = monotonic() - float(record.provenance.get("seconds", 0.0))
        if options.command is not None:
            record.provenance["command"] = options.command

    def execute(self) -> ModelRecord:
        """Train to the end, and measure."""
        try:
            self._train()
            return self._finish()
        except Exception as error:
            self.emit(Failed(self.record.step, error))
            raise

    def _train(self) -> None:
        record = self.record
        with interruptible() as interruption, self.scheduler.ops.limited():
            self.save()
            nodes = record.graph.trainable
            self.emit(Started(record.step, record.total_steps, self.loop.per_epoch, nodes))
            try:
                self._learn(interruption)
            except KeyboardInterrupt:
                raise InterruptedRunError(self._stopped()) from None
            except Exception:
                self._keep_last_good()
                raise
            self.save()

    def _learn(self, interruption: Interruption) -> None:
        """Take all steps; what a run has reached when it is stopped is saved."""
        try:
            for step in self.loop.steps():
                if interruption.requested:
                    raise KeyboardInterrupt
                self._after(step)
        except KeyboardInterrupt:
            self.save()
            raise

    def save(self) -> None:
        """Bring the states to the host and write the file, if there is one."""
        self.loop.check_losses()  # what is saved is known to be good
        self.record.states = on_host(self.scheduler.states, self.scheduler.ops)
        self.record.provenance["seconds"] = round(monotonic() - self.began, 3)
        self.checkpoint.save(self.record)

    def _after(self, step: int) -> None:
        every = self.options.evaluate_every
        if every is not None and step < self.record.total_steps:
            steps = max(1, round(every * self.loop.per_epoch))
            if step % steps == 0:
                self._evaluate()
        ended = step % self.loop.per_epoch == 0
        if ended or self.checkpoint.due:
            self.save()
        if ended:
            self.emit(EpochEnded(step, step // self.loop.per_epoch))

    def _evaluate(self) -> None:
        name, images = self.dataset.held_out
        if images is not None and len(images):
            metrics = evaluate(self.scheduler, images, self.options.plugins)
            self.record.metrics = metrics
            self.record.provenance["measured_on"] = f"{name} images"
            self.emit(Evaluated(self.record.step, name, metrics))

    def _finish(self) -> ModelRecord:
        self._evaluate()
        self.record.calibration, idle = calibrate(self.scheduler, self.dataset.train)
        self.record.provenance |= pixel_range(self.dataset.train)
        self.record.complete = True
        self.save()
        self.emit(Finished(self.record.step, idle))
        return self.record

    def _keep_last_good(self) -> None:
        """Save the states of the last step whose losses were finite."""
        step, states = self.loop.verified
        self.record.step = step
        self.record.epoch = step / self.loop.per_epoch
        for columns in self.record.history.values():
            kept = sum(1 for at in columns["step"] if at <= step)
            for values in columns.values():
                del values[kept:]
        self.scheduler.states = dict(states)
        self.save()

    def _stopped(self) -> str:
        record = self.record
        where = f"stopped after step {record.step} of {record.total_steps}"
        if self.checkpoint.path is None:
            return f"{where}; nothing is saved, for the run has no output file"
        return f"{where}, which is saved in {self.checkpoint.path}: continue it with --resume"
