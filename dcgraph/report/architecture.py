"""The graph: its drawing, and its nodes and settings as a table."""

from __future__ import annotations

from typing import Any

from dcgraph.graph.estimate import estimate
from dcgraph.graph.graph import CONTROL, FORWARD, Node
from dcgraph.pictures.graph import graph_figure
from dcgraph.report.inline import chart, theme
from dcgraph.report.subject import Subject
from dcgraph.report.words import product
from dcgraph.training.standing import standing

TITLE = "Graph"


def content(subject: Subject) -> dict[str, Any]:
    """Return the drawing, a row for each node, the chains of edges, and the graph's file."""
    graph, record = subject.record.graph, subject.record
    states = standing(record)
    rows = [
        {
            "name": row.name,
            "type": row.type,
            "inputs": ", ".join(graph[row.name].inputs),
            "shape": product(row.shape),
            "parameters": f"{row.parameters:,}" if row.parameters else "",
            "settings": _settings(graph[row.name]),
            "learning": _learning(graph[row.name]),
            "state": states.get(row.name, {}).get("state", ""),
        }
        for row in estimate(graph).nodes
    ]
    described = (
        f"The graph {graph.name}: {len(rows)} nodes, inputs at the bottom. "
        f"Forward edges: {'; '.join(graph.document[FORWARD])}. "
        f"Control edges: {'; '.join(graph.document[CONTROL])}."
    )
    with theme():
        drawing = chart(graph_figure(graph), "graph", described)
    return {
        "drawing": drawing,
        "nodes": rows,
        "forward": graph.document[FORWARD],
        "control": graph.document[CONTROL],
        "yaml": record.graph_text,
    }


def _settings(node: Node) -> str:
    """Return the settings that are not the layer's defaults."""
    shown = node.layer.model_dump(exclude_defaults=True, by_alias=True)
    return ", ".join(
        f"{key} {product(value) if isinstance(value, tuple) else value}"
        for key, value in shown.items()
        if key not in ("shape", "sampling")
    )


def _learning(node: Node) -> str:
    parts = [spec.type for spec in (node.optimizer, node.annealing) if spec is not None]
    return ", ".join(parts)
