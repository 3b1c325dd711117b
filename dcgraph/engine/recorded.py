"""Training steps that a device records once and then replays, as one piece of work.

The host's part of a step is then to hand over the images and a few numbers. A step is recorded if
all its layers and optimizers are `recordable`; any other is executed as ever. So is the first step
of each kind: kernels are compiled, and what it needs of changing numbers is noted.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dcgraph.backends.contract import Recording
from dcgraph.contracts.layer import Observation
from dcgraph.contracts.optimizer import Clock
from dcgraph.contracts.varying import Number, Varying
from dcgraph.engine import plan as steps
from dcgraph.engine.ledger import StepLedger
from dcgraph.engine.plan import Plan
from dcgraph.engine.scheduler import Moment, Scheduler, unwatched
from dcgraph.signal import Array, Signal
from dcgraph.state import Arrays, NodeState


@dataclass
class _Tape(Scheduler):
    """Executes a step while it is recorded: numbers that change are taken from a ledger."""

    ledger: StepLedger | None = None

    def _varying(self, name: str) -> Varying:
        assert self.ledger is not None  # nothing else makes a tape
        return Varying(name, self.ledger)

    def _width(self, name: str) -> Number:
        return self._varying(f"{name}.sigma") if name in self.states else 0.0

    def _clock(self, name: str, fraction: float) -> Clock:
        updates, sigma, decay = (self._varying(f"{name}.{part}") for part in _PARTS)
        return Clock(updates, fraction, sigma, decay)

    def _advance(self, name: str, loss: Array, moment: Moment) -> None:
        """Leave this to who replays the step."""


_PARTS = ("updates", "sigma", "decay")


@dataclass(frozen=True, slots=True)
class _Call:
    """What `train` was called with."""

    plan: Plan
    feed: Mapping[str, Signal]
    labels: Array | None
    moment: Moment

    @property
    def kind(self) -> Hashable:
        """What calls of one kind have in common, whatever their numbers."""
        shapes = tuple((name, signal.shape) for name, signal in self.feed.items())
        return id(self.plan), shapes, self.labels is None, self.moment.fraction

    @property
    def updated(self) -> tuple[str, ...]:
        """The nodes that learn."""
        return tuple(step.node for step in self.plan.steps if isinstance(step, steps.Update))


@dataclass(frozen=True)
class _RecordedStep:
    """A step that can be replayed, and what it has seen when it was."""

    recording: Recording
    ledger: StepLedger
    feed: Mapping[str, Signal]
    labels: Array | None
    seen: dict[str, Observation]
    losses: tuple[list[str], Array]
    updated: tuple[str, ...]


@dataclass
class RecordingScheduler(Scheduler):
    """A scheduler whose training steps are replayed where they can be, if the backend records.

    What `train` returns then holds good until the next step, and states that are kept have to be
    copies: `snapshot` makes them.
    """

    _standing: dict[str, NodeState] = field(default_factory=dict, repr=False)
    _recorded: dict[Hashable, list[_RecordedStep]] = field(default_factory=dict, repr=False)
    _noted: dict[Hashable, StepLedger] = field(default_factory=dict, repr=False)
    _plans: dict[int, tuple[Plan, bool]] = field(default_factory=dict, repr=False)
    _last: _RecordedStep | None = field(default=None, repr=False)

    def train(
        self, plan: Plan, feed: Mapping[str, Signal], labels: Array | None, moment: Moment
    ) -> dict[str, Observation]:
        masked = any(signal.known is not None for signal in feed.values())
        if masked or self.watch is not unwatched or not self._recordable(plan):
            return super().train(plan, feed, labels, moment)
        call, numbers = _Call(plan, feed, labels, moment), self._numbers()
        made = self._recorded.setdefault(call.kind, [])
        step = next((each for each in made if each.ledger.covers(numbers)), None)
        if step is None:
            ledger = self._noted.pop(call.kind, None)
            if ledger is None or not ledger.covers(numbers):
                self._noted[call.kind] = ledger = StepLedger(self.ops, numbers)
                return self._note(ledger, call)
            step = self._record(ledger, call)
            made.append(step)
        return self._replay(step, call, numbers)

    def mean_losses(self, seen: Mapping[str, Observation]) -> tuple[list[str], Array]:
        if self._last is None or seen is not self._last.seen:
            return super().mean_losses(seen)
        names, losses = self._last.losses
        return names, losses.copy()

    def snapshot(self) -> dict[str, NodeState]:
        if not self._standing:  # nothing is replayed, and states are replaced as ever
            return super().snapshot()
        return {
            name: replace(
                state, parameters=_copied(state.parameters), optimizer=_copied(state.optimizer)
            )
            for name, state in self.states.items()
        }

    def _recordable(self, plan: Plan) -> bool:
        """Return whether all that a plan does can be recorded."""
        if self.ops.record is None:
            return False
        if id(plan) not in self._plans:
            nodes = [self.graph[step.node] for step in plan.steps]
            learning = [self.graph[s.node] for s in plan.steps if isinstance(s, steps.Update)]
            possible = (
                not any(isinstance(step, steps.Prepare) for step in plan.steps)
                and all(node.layer.recordable and not node.layer.noisy for node in nodes)
                and all(
                    node.optimizer is not None and node.optimizer.recordable for node in learning
                )
            )
            self._plans[id(plan)] = (plan, possible)  # the plan is kept, and so is its id
        return self._plans[id(plan)][1]

    def _numbers(self) -> dict[str, float]:
        numbers: dict[str, float] = {}
        for name, state in self.states.items():
            numbers[f"{name}.updates"] = float(state.updates)
            numbers[f"{name}.sigma"] = state.annealing.get("sigma", 0.0)
            numbers[f"{name}.decay"] = state.annealing.get("decay", 1.0)
        return numbers

    def _note(self, ledger: StepLedger, call: _Call) -> dict[str, Observation]:
        """Execute a step, and draw up its ledger."""
        tape = _Tape(self.graph, self.ops, dict(self.states), ledger=ledger)
        seen = tape.train(call.plan, call.feed, call.labels, call.moment)
        self.states = tape.states
        for name in call.updated:
            loss: Any = seen[name].loss
            self._advance(name, loss, call.moment)
        return seen

    def _record(self, ledger: StepLedger, call: _Call) -> _RecordedStep:
        self._settle()
        ledger.closed = True
        plan, moment, updated = call.plan, call.moment, call.updated
        static = {name: Signal(signal.values.copy()) for name, signal in call.feed.items()}
        answers = None if call.labels is None else call.labels.copy()
        tape = _Tape(self.graph, self.ops, {}, ledger=ledger)
        # The recording keeps its work, and must not keep this scheduler, which keeps the recording.
        standing, xp = self._standing, self.ops.xp

        def work() -> tuple[dict[str, Observation], tuple[list[str], Array]]:
            tape.states = dict(standing)
            seen = tape.train(plan, static, answers, moment)
            for name in updated:
                _overwrite(xp, standing[name], tape.states[name])
            return seen, tape.mean_losses(seen)

        assert self.ops.record is not None  # else this is another scheduler
        (seen, losses), recording = self.ops.record(work)
        return _RecordedStep(recording, ledger, static, answers, seen, losses, updated)

    def _replay(
        self, step: _RecordedStep, call: _Call, numbers: Mapping[str, float]
    ) -> dict[str, Observation]:
        self._settle()
        copyto = self.ops.xp.copyto
        for name, signal in step.feed.items():
            copyto(signal.values, call.feed[name].values)
        if step.labels is not None:
            copyto(step.labels, call.labels)
        step.ledger.fill(numbers)
        step.recording.replay()
        for name in step.updated:
            loss: Any = step.seen[name].loss
            self._advance(name, loss, call.moment)
        self._last = step
        return step.seen

    def _settle(self) -> None:
        """Have all states in the arrays that recorded steps work on."""
        for name, state in self.states.items():
            standing = self._standing.get(name)
            if standing is None:
                standing = replace(
                    state, parameters=_copied(state.parameters), optimizer=_copied(state.optimizer)
                )
                self._standing[name] = standing
            elif state.parameters is not standing.parameters or (
                state.optimizer is not standing.optimizer
            ):
                _overwrite(self.ops.xp, standing, state)
            self.states[name] = replace(
                state, parameters=standing.parameters, optimizer=standing.optimizer
            )


def _overwrite(xp: Any, standing: NodeState, new: NodeState) -> None:
    """Write a state into the arrays that recorded steps work on."""
    for old, arrays in ((standing.parameters, new.parameters), (standing.optimizer, new.optimizer)):
        for name, array in arrays.items():
            if array is not old[name]:
                xp.copyto(old[name], array)


def _copied(arrays: Arrays) -> Arrays:
    return {name: array.copy() for name, array in arrays.items()}
