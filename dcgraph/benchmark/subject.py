"""A graph made ready to be timed: states, images, and the pieces of work a user waits for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import TrainableLayer
from dcgraph.engine.downward import control_plan
from dcgraph.engine.plan import Plan, Step
from dcgraph.engine.recorded import RecordingScheduler
from dcgraph.engine.scheduler import Descent, Moment, Scheduler
from dcgraph.engine.upward import forward_plan, prepare_plan, train_plan
from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph
from dcgraph.inference.density import classifiers
from dcgraph.signal import Array, Signal
from dcgraph.state import NodeState
from dcgraph.training.start import new_record, on_device

Work = Literal["forward", "train", "anneal", "sample", "inpaint"]
WORKS: dict[Work, str] = {
    "forward": "log-likelihoods of every density node",
    "train": "a training step, annealing over",
    "anneal": "a training step, annealing at its start",
    "sample": "samples from the topmost density node",
    "inpaint": "the lower half of every image",
}
STEPS_BEFORE = 30
"""Training steps before anything is timed: posteriors and winners are then as in real use."""


class _Watched(RecordingScheduler):
    """A scheduler that lets the way down be watched as well."""

    def _down(self, step: Step, *arguments: Any) -> None:
        with self.watch(step):
            super()._down(step, *arguments)


@dataclass
class Subject:
    """A graph in the middle of its training, with images of its shape.

    Attributes
    ----------
    scheduler : Scheduler
    batch : int
        Images in a batch.
    """

    scheduler: Scheduler
    batch: int

    @property
    def graph(self) -> Graph:
        return self.scheduler.graph

    def plan(self, work: Work) -> Plan:
        """Return the plan that the work executes first."""
        graph = self.graph
        match work:
            case "forward":
                kinds = {name: frozenset({"log_likelihood"}) for name in graph.density_nodes}
                return forward_plan(graph, kinds)
            case "train" | "anneal":
                return train_plan(graph, active=frozenset(graph.trainable), readings=False)
            case "sample":
                return control_plan(graph, graph.topmost())
            case "inpaint":
                return forward_plan(graph, {graph.topmost(): frozenset({"output"})})

    def work(self, work: Work) -> Callable[[], None]:
        """Return a function that does the work once, on the same images with the same states.

        Where steps are replayed, states go on from one to the next: it would take time to put them
        back.
        """
        graph, scheduler, plan = self.graph, self.scheduler, self.plan(work)
        images = synthetic_images(graph[graph.entry].shape, self.batch)
        labels = self._labels()
        states = self._states("start" if work == "anneal" else "end")
        descent = Descent(0, "bench", 0, self.batch)

        def upward() -> None:
            scheduler.train(
                plan, scheduler.feed(scheduler.signal(images), labels), labels, Moment(1.0, 1.0)
            )
            if scheduler.ops.record is None:
                scheduler.states = dict(states)

        def downward() -> None:
            scheduler.control(plan, descent)

        def completion() -> None:
            known = np.ones(images.shape, bool)
            known[:, images.shape[1] // 2 :] = False
            feed = scheduler.feed(scheduler.signal(np.where(known, images, 0)))
            activity = scheduler.train(plan, feed, None, Moment(1.0, 1.0))[graph.topmost()].output
            assert activity is not None  # wanted
            down = control_plan(graph, graph.topmost())
            arrived = scheduler.control(down, replace(descent, signal=Signal(activity.values)))
            drawn = arrived[graph.entry]
            np.where(known, images, scheduler.ops.to_host(drawn.values))

        scheduler.states = dict(states)
        return {"sample": downward, "inpaint": completion}.get(work, upward)

    def _labels(self) -> Array | None:
        names = (*classifiers(self.graph), *self.graph.fed("labels"))
        if not names:
            return None
        classes = self.graph[names[0]].shape[2]
        return self.scheduler.ops.asarray(np.arange(self.batch) % classes)

    def _states(self, annealing: Literal["start", "end"]) -> dict[str, NodeState]:
        """Return the states with every node at the start or at the end of its annealing."""
        states = dict(self.scheduler.states)
        for name in self.graph.trainable:
            node = self.graph[name]
            layer = node.layer
            assert isinstance(layer, TrainableLayer)  # graph.trainable says so
            if node.annealing is None:
                continue
            first = node.annealing.init(layer.annealing_width() if node.annealing.smooths else 0)
            sigma = first["sigma"] if annealing == "start" else getattr(node.annealing, "floor", 0)
            states[name] = replace(states[name], annealing={**first, "sigma": sigma})
        return states


def subject(graph: Graph, ops: Backend, batch: int) -> Subject:
    """Return a graph that has learned for some steps from synthetic images.

    Raises
    ------
    RequestError
        The graph has several inputs, or learns nothing.
    """
    if len(graph.fed("images")) != 1 or not graph.density_nodes:
        message = (
            f"cannot time graph '{graph.name}': it needs one image and at least one density node"
        )
        raise RequestError(message)
    record = new_record(graph, ops, steps_per_epoch=1)
    scheduler = _Watched(graph, ops, on_device(record.states, ops))
    made = Subject(scheduler, batch)
    active = frozenset(graph.trainable)
    few = Subject(scheduler, min(batch, 10))
    images = synthetic_images(graph[graph.entry].shape, few.batch)
    feed = scheduler.feed(scheduler.signal(images), few._labels())
    scheduler.train(prepare_plan(graph, active), feed, None, Moment(0.0, 1.0))
    plan = train_plan(graph, active=active, readings=False)
    for step in range(STEPS_BEFORE):
        scheduler.train(plan, feed, few._labels(), Moment(step / STEPS_BEFORE, 1.0))
    return made


def synthetic_images(shape: tuple[int, int, int], n: int) -> NDArray[Any]:
    """Return images (n, h, w, c) in [0, 1], three quarters black as those of digits are."""
    rng = np.random.default_rng(0)
    ink = rng.random((n, *shape), dtype=np.float32)
    return np.maximum(0, 4 * ink - 3)
