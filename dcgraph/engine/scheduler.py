"""Executes plans on a backend. All that changes in a run is in the states it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from math import nan
from typing import Any

import numpy as np

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import Observation, TrainableLayer
from dcgraph.contracts.optimizer import Clock
from dcgraph.contracts.varying import Number
from dcgraph.engine import plan as steps
from dcgraph.engine.deferred import Deferred, whole
from dcgraph.engine.failures import NamedFailures
from dcgraph.engine.fusion import observe
from dcgraph.engine.plan import Plan
from dcgraph.engine.refine import Refinement, refine
from dcgraph.errors import InputError, RequestError
from dcgraph.graph.graph import Graph
from dcgraph.rng import Draws, stream
from dcgraph.signal import Array, Signal, SignalBlocks
from dcgraph.state import NodeState


@dataclass(frozen=True, slots=True)
class Moment:
    """When in a run a batch is learned from.

    Attributes
    ----------
    progress : float in [0, 1]
        Fraction of the run that is done.
    fraction : float in (0, 1]
        Size of the batch over the nominal batch size.
    seed : int
        Keys the streams of layers that draw on the way up.
    first : int
        How many images the run has learned from before: sample i of the batch is sample
        ``first + i`` of those streams.
    """

    progress: float
    fraction: float
    seed: int = 0
    first: int = 0


@dataclass(frozen=True, slots=True)
class Descent:
    """What a walk down starts from.

    Attributes
    ----------
    seed, purpose : int, str
        With each node's name, they key the random streams.
    start, n : int
        Samples ``start`` to ``start + n`` of those streams.
    signal : Signal or None
        Control signal of the first node; None where nothing stands above.
    """

    seed: int
    purpose: str
    start: int
    n: int
    signal: Signal | None = None


def unwatched(step: steps.Step) -> AbstractContextManager[None]:
    """Return a context that tells nobody."""
    return nullcontext()


@dataclass
class Scheduler:
    """A graph, the states of its nodes, and the backend they live on.

    Attributes
    ----------
    states : dict of str to NodeState
        Replaced, never changed in place: who keeps an old state keeps it whole.
    watch : callable
        Returns the context in which a step of a train plan is executed.
    """

    graph: Graph
    ops: Backend
    states: dict[str, NodeState]
    watch: Callable[[steps.Step], AbstractContextManager[None]] = unwatched
    refinements: dict[str, Refinement] = field(default_factory=dict)

    @property
    def dtype(self) -> Any:
        """Of parameters and activities."""
        return np.dtype(self.graph.train.dtype)

    def signal(self, images: Any, known: Any = None) -> Signal:
        """Return images (n, h, w, c) on the device; NaN pixels are unknown."""
        xp = self.ops.xp
        if isinstance(images, np.ndarray):
            images = images.astype(self.dtype, copy=False)
            if known is None and not np.isnan(images).any():
                return Signal(self.ops.asarray(images))  # and no device was waited for
        values = self.ops.asarray(images, self.dtype)
        missing = xp.isnan(values)
        if known is not None:
            missing = missing | ~self.ops.asarray(known, bool)
        if not bool(missing.any()):
            return Signal(values)
        return Signal(xp.where(missing, xp.zeros_like(values), values), ~missing)

    # up

    def feed(self, images: Signal, labels: Any = None) -> dict[str, Signal]:
        """Return what every input node sends up.

        Parameters
        ----------
        labels : integer array of shape (n,), or None
            None: they are unknown.
        """
        fed = dict.fromkeys(self.graph.fed("images"), images)
        for name in self.graph.fed("labels"):
            xp, n = self.ops.xp, images.shape[0]
            if labels is None:
                values = Signal(xp.zeros((n, 1, 1, 1), self.dtype), xp.zeros((n, 1, 1, 1), bool))
            else:
                values = Signal(self.ops.asarray(labels, self.dtype).reshape(n, 1, 1, 1))
            fed[name] = self.graph[name].layer.forward(self.ops, {}, [values])
        return fed

    def forward(
        self, plan: Plan, feed: Mapping[str, Signal], labels: Array | None = None
    ) -> dict[str, Observation]:
        """Execute a forward plan; return the observation of each node that has one.

        Nodes that do not learn are observed with their output alone, where it is kept.
        """
        buffers: dict[str, SignalBlocks] = {}
        seen: dict[str, Observation] = {}
        for step in plan.steps:
            with self._named(step):
                self._up(step, feed, labels, buffers, seen)
            for name in step.frees:
                buffers.pop(name, None)
        for name, signal in buffers.items():
            if name not in seen:
                seen[name] = Observation(output=whole(signal))
        return seen

    def train(
        self, plan: Plan, feed: Mapping[str, Signal], labels: Array | None, moment: Moment
    ) -> dict[str, Observation]:
        """Execute a train plan: observe the batch and update the active nodes."""
        buffers: dict[str, SignalBlocks] = {}
        seen: dict[str, Observation] = {}
        for step in plan.steps:
            with self.watch(step), self._named(step):
                match step:
                    case steps.Update():
                        self._update(step.node, seen[step.node], moment)
                    case steps.Constrain():
                        self._constrain(step.node)
                    case steps.Prepare():
                        inputs = [buffers[name] for name in step.reads]
                        self._prepare(step.node, inputs, moment)
                    case _:
                        self._up(step, feed, labels, buffers, seen, moment)
            for name in step.frees:
                buffers.pop(name, None)
        return seen

    def _named(self, step: steps.Step) -> NamedFailures:
        return NamedFailures(step.node, self.graph[step.node].layer, step.action)

    def _up(
        self,
        step: steps.Step,
        feed: Mapping[str, Signal],
        labels: Array | None,
        buffers: dict[str, SignalBlocks],
        seen: dict[str, Observation],
        moment: Moment | None = None,
    ) -> None:
        node = self.graph[step.node]
        params = self.parameters(step.node)
        inputs = [buffers[name] for name in step.reads]
        match step:
            case steps.Feed():
                buffers[step.node] = feed[step.node]
            case steps.Forward():
                draws = None
                if moment is not None and node.layer.noisy:
                    draws = partial(self._draws, step.node, moment)
                output = Deferred(
                    self.ops, node.layer, params, inputs, node.shape, step.node, draws
                )
                buffers[step.node] = output if step.deferred else whole(output)
            case steps.Observe():
                layer = node.layer
                assert isinstance(layer, TrainableLayer)  # compiled so
                observation = observe(
                    self.ops,
                    layer,
                    params,
                    inputs,
                    labels=labels if layer.uses_labels else None,
                    sigma=self._width(step.node),
                    want=step.want,
                )
                seen[step.node] = observation
                if observation.output is not None:
                    buffers[step.node] = observation.output
            case _:
                message = f"a {step.action} step does not go up"
                raise TypeError(message)

    def _draws(self, name: str, moment: Moment, start: int, stop: int) -> Draws:
        first = moment.first + start
        return self.ops.draws(moment.seed, name, "training", first, stop - start)

    def parameters(self, name: str) -> Mapping[str, Array]:
        """Return a node's parameters; empty for a node without."""
        state = self.states.get(name)
        return {} if state is None else state.parameters

    def sigma(self, name: str) -> float:
        """Return the width of a node's smoothing; 0 for nodes without."""
        state = self.states.get(name)
        return 0.0 if state is None else state.annealing.get("sigma", 0.0)

    def mean_losses(self, seen: Mapping[str, Observation]) -> tuple[list[str], Array]:
        """Return the nodes whose loss a step has seen, and its means, an array of their own."""
        losses = {name: each.loss for name, each in seen.items() if each.loss is not None}
        means = self.ops.xp.empty((len(losses),), self.dtype)
        for place, loss in enumerate(losses.values()):
            means[place] = loss.mean()
        return list(losses), means

    def snapshot(self) -> dict[str, NodeState]:
        """Return the states as they are, whatever is trained later."""
        return dict(self.states)

    # what a step depends on that changes from step to step

    def _width(self, name: str) -> Number:
        return self.sigma(name)

    def _clock(self, name: str, fraction: float) -> Clock:
        state = self.states[name]
        return Clock(state.updates, fraction, self.sigma(name), state.annealing.get("decay", 1.0))

    # learning

    def _prepare(self, name: str, inputs: Sequence[SignalBlocks], moment: Moment) -> None:
        node, state = self.graph[name], self.states[name]
        rng = stream(moment.seed, name, "prepare")
        try:
            parameters = node.layer.prepare(self.ops, state.parameters, inputs, rng)
        except ValueError as error:
            raise InputError(str(error), node=name) from error
        if node.optimizer is None:  # that was all it ever learns
            self.states[name] = replace(state, parameters=parameters, updates=1)
            return
        assert isinstance(node.layer, TrainableLayer)  # it has an optimizer
        carried = node.optimizer.init(self.ops, node.layer, parameters)
        self.states[name] = replace(state, parameters=parameters, optimizer=carried)

    def _update(self, name: str, observation: Observation, moment: Moment) -> None:
        node = self.graph[name]
        layer, state = self._learner(name)
        assert node.optimizer is not None  # it is trainable
        assert observation.statistics is not None  # the plan wants them
        assert observation.loss is not None
        if not observation.statistics.count:  # every row of the batch was unknown
            return
        parameters, carried = node.optimizer.step(
            self.ops,
            layer,
            state.parameters,
            observation.statistics,
            state.optimizer,
            self._clock(name, moment.fraction),
        )
        self.states[name] = replace(state, parameters=parameters, optimizer=carried)
        self._advance(name, observation.loss, moment)

    def _advance(self, name: str, loss: Array, moment: Moment) -> None:
        """Move a node's annealing and its count of updates one step on."""
        node, (layer, state) = self.graph[name], self._learner(name)
        assert node.annealing is not None  # trainable nodes have one
        annealing = node.annealing.advance(
            state.annealing,
            loss=float(loss.mean()) if node.annealing.reads_loss else nan,
            progress=moment.progress - layer.delay,
        )
        self.states[name] = replace(state, annealing=annealing, updates=state.updates + 1)

    def _constrain(self, name: str) -> None:
        layer, state = self._learner(name)
        parameters = layer.constrain(self.ops, state.parameters)
        self.states[name] = replace(state, parameters=parameters)

    def _learner(self, name: str) -> tuple[TrainableLayer, NodeState]:
        layer = self.graph[name].layer
        assert isinstance(layer, TrainableLayer)  # compiled so
        return layer, self.states[name]

    # down

    def control(self, plan: Plan, descent: Descent) -> dict[str, Signal]:
        """Execute a control plan; return what arrives at each input.

        Raises
        ------
        RequestError
            Nothing arrives: the first node only passes on what stands above it.
        """
        first = plan.steps[0].node
        buffers: dict[str, Signal | None] = {first: descent.signal}
        arrived: dict[str, Signal] = {}
        for step in plan.steps:
            with self._named(step):
                self._down(step, descent, buffers, arrived)
            for name in step.frees:
                buffers.pop(name, None)
        if not arrived:
            message = (
                f"nothing to sample at node '{first}': it draws nothing itself, and is given no "
                "control signal"
            )
            raise RequestError(message, node=first)
        return arrived

    def _down(
        self,
        step: steps.Step,
        descent: Descent,
        buffers: dict[str, Signal | None],
        arrived: dict[str, Signal],
    ) -> None:
        node = self.graph[step.node]
        signals = [buffers[name] for name in step.reads]
        match step:
            case steps.Merge():
                assert node.merge is not None  # the graph was checked
                present = [signal for signal in signals if signal is not None]
                buffers[step.node] = node.merge.combine(self.ops, present) if present else None
            case steps.Control() if not node.inputs:
                if signals[0] is not None:
                    arrived[step.node] = signals[0]
            case steps.Control():
                draws = self.ops.draws(
                    descent.seed, step.node, descent.purpose, descent.start, descent.n
                )
                sent = node.layer.control(
                    self.ops, self.parameters(step.node), signals[0], node.input_shapes, draws
                )
                by_target = dict(zip(node.inputs, sent, strict=True))
                for name, target in zip(
                    step.writes, self.graph.control_targets(step.node), strict=True
                ):
                    buffers[name] = by_target[target]
            case steps.Refine():
                for name, signal in zip(step.writes, signals, strict=True):
                    if signal is not None:
                        buffers[name], self.refinements[step.node] = refine(self, step, signal)
            case _:
                message = f"a {step.action} step does not go down"
                raise TypeError(message)
