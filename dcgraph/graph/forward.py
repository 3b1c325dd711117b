"""The `forward:` section: edges, their order, and the shapes that travel along them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from dcgraph.contracts.layer import Layer
from dcgraph.graph.drafts import Draft
from dcgraph.graph.edges import Edge, check_acyclic, read_edges, topological_order
from dcgraph.graph.estimate import in_bytes, machine_memory
from dcgraph.graph.faults import Faults
from dcgraph.signal import Shape

UNKNOWN_MEMORY = 2**50  # bytes, where the system does not say


@dataclass
class Forward:
    """The forward edges of a graph.

    Attributes
    ----------
    edges : list of (str, str)
    order : list of str
        The nodes in topological order; empty where there is none.
    inputs : dict of str to list of str
        For each node, the nodes it takes from, in order.
    """

    edges: list[Edge] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    inputs: dict[str, list[str]] = field(default_factory=dict)


def read_forward(drafts: Mapping[str, Draft], faults: Faults) -> Forward:
    """Return the forward edges, checked for cycles and for the number of inputs of each node."""
    if not drafts:
        return Forward()
    if "forward" not in faults.document.data:
        example = " -> ".join(list(drafts)[:3]) if len(drafts) > 1 else "image -> fold1"
        message = f"the key 'forward' is missing: it lists the edges, as in [{example}]"
        faults.add(("forward",), message)
        return Forward()
    before = len(faults.found)
    edges = read_edges("forward", faults.document.data["forward"], drafts, faults)
    inputs: dict[str, list[str]] = {name: [] for name in drafts}
    for u, v in edges:
        inputs[v].append(u)
    readable = len(faults.found) == before  # else nodes may seem to lack edges
    if readable:
        touched = {name for edge in edges for name in edge}
        for name, draft in drafts.items():
            if name not in touched:
                message = "no forward edge touches the node: add it to a chain, or remove it"
                faults.add(("nodes", name), message)
            else:
                _check_inputs(draft, inputs[name], faults)
    if not check_acyclic("forward", edges, faults):
        return Forward(list(edges), [], inputs)
    return Forward(list(edges), topological_order(list(drafts), edges), inputs)


def _check_inputs(draft: Draft, inputs: Sequence[str], faults: Faults) -> None:
    if draft.kind is None:
        return
    fewest, most = draft.kind.inputs
    place = ("nodes", draft.name)
    if most is not None and len(inputs) > most:
        takes = f"takes {_count(most)}" if fewest == most else f"takes at most {_count(most)}"
        remedy = "join them with a concat node" if most else "remove the edges into it"
        names = ", ".join(inputs)
        faults.add(place, f"{draft.title} {takes}, received {len(inputs)} ({names}): {remedy}")
    elif len(inputs) < fewest:
        takes = f"takes {_count(fewest)}" if fewest == most else f"takes at least {_count(fewest)}"
        remedy = "no forward edge leads to it" if not inputs else f"received {len(inputs)}"
        faults.add(place, f"{draft.title} {takes}: {remedy}")


def _count(number: int) -> str:
    return {0: "no input", 1: "one input"}.get(number, f"{number} inputs")


def infer_shapes(
    drafts: Mapping[str, Draft], forward: Forward, dtype: np.dtype[Any], faults: Faults
) -> dict[str, Shape]:
    """Return the output shape of every node that has one; nodes above a faulty one have none.

    A node whose output for a single image is beyond the machine counts as faulty, so that sizes
    cannot grow without end.
    """
    shapes: dict[str, Shape] = {}
    memory = machine_memory() or UNKNOWN_MEMORY
    for name in forward.order:
        draft, inputs = drafts[name], forward.inputs[name]
        fewest, most = draft.kind.inputs if draft.kind else (0, None)
        fits = fewest <= len(inputs) and (most is None or len(inputs) <= most)
        if draft.layer is None or not fits or any(other not in shapes for other in inputs):
            continue
        received = [shapes[other] for other in inputs]
        try:
            shape = draft.layer.output_shape(received)
        except ValueError as error:
            section = "sampling" if _sampling_is_wrong(draft.layer, received) else "nodes"
            faults.add_settings((section, name), str(error))
            continue
        taken = prod(shape) * dtype.itemsize
        if taken <= memory:
            shapes[name] = shape
            continue
        message = (
            f"its output for one image has shape {list(shape)} and takes {in_bytes(taken)}, and "
            f"this machine has {in_bytes(memory)} of memory: make it or its input smaller"
        )
        faults.add_settings(("nodes", name), message)
    return shapes


def _sampling_is_wrong(layer: Layer, shapes: Sequence[Shape]) -> bool:
    """Return whether a layer without a shape would have one if it were sampled as by default."""
    default = layer.model_copy(update={"sampling": type(layer.sampling)()})
    try:
        default.output_shape(shapes)
    except ValueError:
        return False
    return True
