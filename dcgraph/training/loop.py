"""The loop: batches in, better states out. What happens to a node in a step is the train plan's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.events import BatchEnded, Event, NodeBegan, NodeEnded, NodeReading, NodeStage
from dcgraph.contracts.layer import Observation, TrainableLayer
from dcgraph.data.batches import Indices, epoch_indices, steps_per_epoch
from dcgraph.data.dataset import Subset
from dcgraph.engine.plan import Plan, Step
from dcgraph.engine.scheduler import Moment, Scheduler
from dcgraph.engine.upward import prepare_plan, train_plan
from dcgraph.errors import NumericalError
from dcgraph.graph.graph import Graph
from dcgraph.rng import stream
from dcgraph.signal import Array
from dcgraph.state import NodeState
from dcgraph.storage.record import ModelRecord
from dcgraph.training.feeding import HostFeed, ResidentFeed, feed_of

READINGS_PER_RUN = 100


@dataclass
class Loop:
    """A run from where its record stands to its end.

    Attributes
    ----------
    record : ModelRecord
        Its `step`, `epoch` and `history` are kept up to date; its states are not.
    scheduler : Scheduler
        Holds the states.
    images : Subset
        What is learned from.
    emit : callable
        Hears every event.
    verified : tuple of int and mapping
        The last step whose states have yielded finite losses since, and those states.
    """

    record: ModelRecord
    scheduler: Scheduler
    images: Subset
    emit: Callable[[Event], None]
    verified: tuple[int, Mapping[str, NodeState]] = field(init=False)
    _unchecked: list[tuple[int, list[str], Array]] = field(default_factory=list)
    _plans: dict[tuple[frozenset[str], bool], Plan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.verified = (self.record.step, dict(self.scheduler.states))

    @cached_property
    def feeding(self) -> HostFeed | ResidentFeed:
        """How images come to the device."""
        return feed_of(self.scheduler, self.images)

    @property
    def graph(self) -> Graph:
        return self.record.graph

    @cached_property
    def per_epoch(self) -> int:
        """Batches in an epoch."""
        return steps_per_epoch(len(self.images), self.graph.train.batch_size)

    @cached_property
    def _constant(self) -> frozenset[str]:
        """Nodes that do not learn but are fitted once, before the first batch."""
        return frozenset(
            name
            for name, node in self.graph.nodes.items()
            if node.layer.constants and not isinstance(node.layer, TrainableLayer)
        )

    @cached_property
    def reading_interval(self) -> int:
        """Steps from one reading of log-likelihoods to the next."""
        return max(1, self.record.total_steps // READINGS_PER_RUN)

    def steps(self) -> Iterator[int]:
        """Take step after step; yield the number of each when it is done."""
        record = self.record
        while record.step < record.total_steps:
            epoch, start = divmod(record.step, self.per_epoch)
            for indices in epoch_indices(
                self.images,
                self.graph.train.batch_size,
                seed=record.seed,
                epoch=epoch,
                start=start,
            ):
                self._step(indices)
                yield record.step
                if record.step == record.total_steps:
                    break

    def _step(self, indices: Indices) -> None:
        record, scheduler = self.record, self.scheduler
        number = record.step + 1
        signal, labels = self.feeding.take(indices, f"batch {number}")
        progress = record.step / record.total_steps
        active = frozenset(name for name in self.graph.trainable if self._learns(name, progress))
        moment = Moment(
            progress,
            len(indices) / self.graph.train.batch_size,
            record.seed,
            record.step * self.graph.train.batch_size,
        )
        fresh = frozenset(
            name for name in active | self._constant if not scheduler.states[name].updates
        )
        if fresh:
            self._prepare(fresh, indices, moment)
        last = number == record.total_steps
        readings = number == 1 or last or number % self.reading_interval == 0
        # A device is waited for now and then: what has gone wrong is found out a little later.
        checked = readings or scheduler.ops.memory is None
        before = scheduler.snapshot() if checked else None
        feed = scheduler.feed(signal, labels)
        seen = scheduler.train(self._plan(active, readings=readings), feed, labels, moment)
        self._unchecked.append((number, *scheduler.mean_losses(seen)))
        if before is not None:
            self.check_losses()
            self.verified = (record.step, before)
        record.step = number
        record.epoch = number / self.per_epoch
        read = self._read(seen, active) if readings else {}
        self.emit(BatchEnded(number, record.total_steps, record.epoch, read))

    @contextmanager
    def watch(self, step: Step) -> Iterator[None]:
        """Tell observers that a node begins and ends its part of a batch."""
        number = self.record.step + 1
        self.emit(NodeBegan(number, step.node, step.action))
        began = perf_counter()
        yield
        self.emit(NodeEnded(number, step.node, step.action, perf_counter() - began))

    def _learns(self, name: str, progress: float) -> bool:
        layer = self.graph[name].layer
        return isinstance(layer, TrainableLayer) and layer.trainable and progress >= layer.delay

    def _plan(self, active: frozenset[str], *, readings: bool) -> Plan:
        key = (active, readings)
        if key not in self._plans:
            self._plans[key] = train_plan(self.graph, active=active, readings=readings)
        return self._plans[key]

    def _prepare(self, fresh: frozenset[str], indices: Indices, moment: Moment) -> None:
        """Fit nodes that have not learned yet to this batch, or to more images if they want more.

        Those are drawn from the training set.
        """
        nodes = [self.graph[name] for name in fresh]
        wanted = max(node.layer.images_to_prepare(node.input_shapes) for node in nodes)
        wanted = min(wanted, len(self.images))
        if wanted > len(indices):
            rng = stream(self.record.seed, "data", "prepare", self.record.step)
            indices = np.sort(rng.choice(len(self.images), wanted, replace=False, shuffle=False))
        number = self.record.step + 1
        feed = self.scheduler.feed(*self.feeding.take(indices, f"images before batch {number}"))
        self.scheduler.train(prepare_plan(self.graph, fresh), feed, None, moment)

    # checks

    def check_losses(self) -> None:
        """Look at the losses of all steps since the last look; a device is waited for.

        Raises
        ------
        NumericalError
            One is NaN or infinite.
        """
        ops, waiting = self.scheduler.ops, self._unchecked
        self._unchecked = []
        waiting = [each for each in waiting if each[1]]
        if not waiting:
            return
        finite = iter(
            ops.to_host(ops.xp.isfinite(ops.xp.concatenate([each[2] for each in waiting])))
        )
        for number, names, _ in waiting:
            for name in names:
                if next(finite):
                    continue
                message = (
                    f"the loss became NaN or infinite in batch {number} of "
                    f"{self.record.total_steps}: scale images to about [0, 1] (data.scale), lower "
                    "the node's learning rate or its precision_max"
                )
                raise NumericalError(message, node=name)

    # readings

    def _read(
        self, seen: Mapping[str, Observation], active: frozenset[str]
    ) -> dict[str, NodeReading]:
        """Return a reading of every node that learns; the record's history has it from now on."""
        record = self.record
        readings = {name: self._reading(name, seen[name], active) for name in self.graph.trainable}
        for name, reading in readings.items():
            columns = record.history.setdefault(name, {})
            row = {
                "step": record.step,
                "log_likelihood": reading.log_likelihood,
                "loss": reading.loss,
                "sigma": reading.sigma,
                "active": int(name in active),
                "winner_entropy": reading.winner_entropy,
            }
            for column, value in row.items():
                columns.setdefault(column, []).append(value)
        return readings

    def _reading(self, name: str, seen: Observation, active: frozenset[str]) -> NodeReading:
        loss: Any = seen.loss
        likelihood: Any = loss if seen.log_likelihood is None else seen.log_likelihood
        layer = self.graph[name].layer
        assert isinstance(layer, TrainableLayer)  # only these are read
        usage = None if seen.statistics is None else layer.usage(seen.statistics)
        entropy = 0.0 if usage is None else _entropy(self.scheduler.ops.to_host(usage))
        return NodeReading(
            log_likelihood=float(likelihood.mean()),
            loss=float(loss.mean()),
            sigma=self.scheduler.sigma(name),
            stage=self._stage(name, active),
            winner_entropy=entropy,
        )

    def _stage(self, name: str, active: frozenset[str]) -> NodeStage:
        node = self.graph[name]
        if name not in active:
            trainable = isinstance(node.layer, TrainableLayer) and node.layer.trainable
            return "waiting" if trainable else "frozen"
        annealing = node.annealing
        assert annealing is not None  # active nodes have one
        finished = annealing.finished(self.scheduler.states[name].annealing)
        return "converged" if finished else "annealing"


def _entropy(usage: NDArray[Any]) -> float:
    """Return the entropy of counts taken as probabilities, in nats."""
    share = usage.astype(np.float64)
    share = share[share > 0] / share.sum()
    return float(-(share * np.log(share)).sum())
