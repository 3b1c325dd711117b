"""From a document to a `Graph` that has been proved sound, without allocating an array.

Everything is looked at before anything is raised, so that one report holds all problems of a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import floor
from typing import TYPE_CHECKING

import numpy as np

from dcgraph.contracts.annealing import Annealing
from dcgraph.contracts.optimizer import Optimizer
from dcgraph.graph.checks import check_images, check_labels, check_sharpening
from dcgraph.graph.control import control_edges
from dcgraph.graph.document import Document
from dcgraph.graph.drafts import Draft, read_nodes, read_sampling
from dcgraph.graph.edges import Edge, normal_chain
from dcgraph.graph.estimate import batch_size, estimate_nodes, in_bytes, machine_memory
from dcgraph.graph.expand import expanded
from dcgraph.graph.faults import Faults
from dcgraph.graph.forward import Forward, infer_shapes, read_forward
from dcgraph.graph.graph import CONTROL, FORWARD, Graph, Node
from dcgraph.graph.learning import read_learning
from dcgraph.graph.sections import check_top_keys, read_data, read_name, read_plugins, read_train
from dcgraph.graph.specs import DataSpec, TrainSpec
from dcgraph.plugin.consent import plugin_name
from dcgraph.plugin.manager import Plugins
from dcgraph.signal import Shape

if TYPE_CHECKING:
    import networkx as nx

Learning = Mapping[str, tuple[Optimizer | None, Annealing | None]]


def build_graph(document: Document, plugins: Plugins, faults: Faults | None = None) -> Graph:
    """Return the graph a document describes.

    Parameters
    ----------
    document : Document
    plugins : Plugins
        What types can be named.
    faults : Faults, optional
        Problems found already, in overrides for example.

    Raises
    ------
    GraphError
        The graph is not sound; the error holds all problems.
    """
    faults = Faults(document) if faults is None else faults
    check_top_keys(faults)
    name, wanted = read_name(faults), read_plugins(faults, plugins)
    data, train = read_data(plugins, faults), read_train(plugins, faults)
    drafts = read_nodes(plugins, faults)
    read_sampling(drafts, faults)
    forward = read_forward(drafts, faults)
    control, control_chains = control_edges(drafts, forward, faults)
    learning = {
        other: read_learning(draft, train, plugins, faults) for other, draft in drafts.items()
    }
    shapes = infer_shapes(drafts, forward, np.dtype(train.dtype), faults)
    check_images(drafts, shapes, data, faults)
    check_labels(drafts, shapes, data, faults)
    check_sharpening(drafts, forward, faults)
    nodes = _nodes(drafts, forward, shapes, learning, control)
    if len(nodes) == len(drafts):  # of half a graph there is no estimate
        _check_memory(nodes, train, data, faults)
    faults.raise_any()
    for other, node in nodes.items():
        for warning in node.layer.warnings(node.input_shapes):
            faults.warn(("nodes", other), warning)
    return Graph(
        name=name,
        nodes=nodes,
        edges=_edges(forward, control),
        train=train,
        data=data,
        document=expanded(
            name=name,
            plugins=_needed(wanted, nodes, data, drafts, plugins),
            data=data,
            nodes=nodes,
            forward=[normal_chain(chain) for chain in document.data["forward"]],
            control=control_chains,
            train=train,
            merges={other: d.merge for other, d in drafts.items() if d.merge is not None},
        ),
        warnings=tuple(faults.warnings),
        additions=tuple(plugins.additions),
    )


def _nodes(
    drafts: Mapping[str, Draft],
    forward: Forward,
    shapes: Mapping[str, Shape],
    learning: Learning,
    control: Sequence[Edge],
) -> dict[str, Node]:
    """Return the nodes that have a shape, in topological order."""
    received = [v for _, v in control]
    nodes = {}
    for name in forward.order:
        draft, inputs = drafts[name], forward.inputs[name]
        if name in shapes and draft.layer is not None:
            optimizer, annealing = learning[name]
            nodes[name] = Node(
                name=name,
                layer=draft.layer,
                inputs=tuple(inputs),
                input_shapes=tuple(shapes[other] for other in inputs),
                shape=shapes[name],
                optimizer=optimizer,
                annealing=annealing,
                merge=draft.merge if received.count(name) > 1 else None,
            )
    return nodes


def _needed(
    wanted: Sequence[str],
    nodes: Mapping[str, Node],
    data: DataSpec | None,
    drafts: Mapping[str, Draft],
    plugins: Plugins,
) -> list[str]:
    """Return the plugins the graph names, and those that registered what it is made of."""

    def types() -> Iterator[tuple[str, str]]:
        for name, node in nodes.items():
            yield "layers", node.layer.type
            for kind, item in (
                ("optimizers", node.optimizer),
                ("annealing", node.annealing),
                ("merges", drafts[name].merge),
            ):
                if item is not None:
                    yield kind, item.type
        if data is not None:
            yield "sources", data.source.type

    named = {plugin_name(entry) for entry in wanted}
    return [*wanted, *(owner for owner in plugins.owners(types()) if owner not in named)]


def _edges(forward: Forward, control: Sequence[Edge]) -> nx.MultiDiGraph[str]:
    import networkx as nx

    edges: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    edges.add_nodes_from(forward.order)
    for u, v in forward.edges:
        edges.add_edge(u, v, key=FORWARD, position=forward.inputs[v].index(u))
    for u, v in control:
        edges.add_edge(u, v, key=CONTROL)
    return edges


def _check_memory(
    nodes: Mapping[str, Node], train: TrainSpec, data: DataSpec | None, faults: Faults
) -> None:
    """Note a graph that this machine cannot hold."""
    memory = machine_memory()
    batch = batch_size(train, data)
    costs = estimate_nodes(nodes.values(), train, batch)
    if memory is None or costs.peak_bytes <= memory:
        return
    message = (
        f"training takes about {in_bytes(costs.peak_bytes)} of memory "
        f"({in_bytes(costs.fixed_bytes)} for parameters, {in_bytes(costs.image_bytes)} for each of "
        f"the {batch} images of a batch), and this machine has {in_bytes(memory)}: "
    )
    fitting = (memory - costs.fixed_bytes) / costs.image_bytes
    if fitting >= 1:
        message += f"make batches of at most {floor(fitting)}"
        faults.add(("train", "batch_size"), message)
        return
    worst = max(costs.nodes, key=lambda row: row.fixed_bytes + row.output_bytes + row.working_bytes)
    message += "this node takes the most, make it or its input smaller"
    faults.add_settings(("nodes", worst.name), message)
