"""Compiles the plans that go up: forward (look at images) and train (learn from them)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.engine.plan import Constrain, Feed, Forward, Observe, Plan, Prepare, Step, Update
from dcgraph.graph.graph import Graph

READINGS = frozenset({"log_likelihood", "loss", "statistics"})


def forward_plan(graph: Graph, wants: Mapping[str, frozenset[str]]) -> Plan:
    """Return the plan that computes what is wanted of each node, and nothing else.

    Parameters
    ----------
    wants : mapping of str to set
        For each node, a subset of `dcgraph.contracts.layer.WANTS`; a node that does not learn has
        an "output" alone.
    """
    return Plan("forward", tuple(_with_frees(_upward(graph, wants), wants)))


def train_plan(graph: Graph, *, active: frozenset[str], readings: bool) -> Plan:
    """Return the plan of one batch: every active node observes it and is updated.

    Activities go up as they were before the update; nodes that neither learn nor feed one that
    does are left out.

    Parameters
    ----------
    active : set of str
        Nodes whose delay is over.
    readings : bool
        Whether log-likelihoods are wanted of every trainable node, for history and progress.
    """
    wants: dict[str, frozenset[str]] = {}
    for name in graph.trainable:
        if name in active:
            wants[name] = frozenset({"statistics", "loss"}) | (READINGS if readings else set())
        elif readings:
            wants[name] = READINGS
    steps: list[Step] = []
    for step in _upward(graph, wants):
        steps.append(step)
        if isinstance(step, Observe) and step.node in active:
            steps += [Update(step.node), Constrain(step.node)]
    return Plan("train", tuple(_with_frees(steps, {})))


def prepare_plan(graph: Graph, fresh: frozenset[str]) -> Plan:
    """Return the plan that fits nodes to the first images they are going to learn from.

    It goes bottom up: a node sees what those below make of the images once they are fitted.

    Parameters
    ----------
    fresh : set of str
        Nodes that learn, or hold `constants`.
    """
    wants = {name: frozenset({"loss"}) for name in fresh}
    steps: list[Step] = []
    for step in _upward(graph, wants):
        if step.node in fresh:
            steps.append(Prepare(step.node, reads=step.reads))
        if isinstance(step, Observe):
            step = replace(step, want=step.want & {"output"})
        if not isinstance(step, Observe) or step.want:
            steps.append(step)
    return Plan("train", tuple(_with_frees(steps, {})))


def _upward(graph: Graph, wants: Mapping[str, frozenset[str]]) -> list[Step]:
    """Return the steps that yield what is wanted, in topological order."""
    needed = {name for name, want in wants.items() if want}
    for name in reversed(list(graph.nodes)):
        if name in needed:
            needed.update(graph[name].inputs)
    steps: list[Step] = []
    for name, node in graph.nodes.items():
        if name not in needed:
            continue
        readers = [other for other in graph.consumers(name) if other in needed]
        want = wants.get(name, frozenset())
        if not node.inputs:
            steps.append(Feed(name, writes=(name,)))
        elif isinstance(node.layer, TrainableLayer):
            want |= {"output"} if readers else set()
            writes = (name,) if "output" in want else ()
            steps.append(Observe(name, node.inputs, writes, want=want))
        else:
            deferred = len(readers) == 1 and "output" not in want
            steps.append(Forward(name, node.inputs, (name,), deferred=deferred))
    return _undeferred(graph, steps)


def _undeferred(graph: Graph, steps: list[Step]) -> list[Step]:
    """Return the steps, deferring only what is read in blocks: by a trainable or deferred node."""
    in_blocks: set[str] = set()
    result: list[Step] = []
    for step in reversed(steps):
        if isinstance(step, Forward) and step.deferred and step.node not in in_blocks:
            step = replace(step, deferred=False)
        if isinstance(step, Observe) or (isinstance(step, Forward) and step.deferred):
            in_blocks.update(step.reads)
        result.append(step)
    return result[::-1]


def _with_frees(steps: list[Step], wants: Mapping[str, frozenset[str]]) -> list[Step]:
    """Return the steps, each freeing the buffers it is the last to read."""
    kept = {name for name, want in wants.items() if "output" in want}
    behind: dict[str, set[str]] = {}  # buffers a deferred buffer still reads
    last: dict[str, int] = {}
    for index, step in enumerate(steps):
        read = {source for name in step.reads for source in {name} | behind.get(name, set())}
        if isinstance(step, Forward) and step.deferred:
            behind[step.node] = read
        for name in (*read, *step.writes):
            last[name] = index
    freed: dict[int, list[str]] = {}
    for name, index in last.items():
        if name not in kept:
            freed.setdefault(index, []).append(name)
    return [replace(step, frees=tuple(freed.get(i, ()))) for i, step in enumerate(steps)]
