"""A graph as a drawing: inputs at the bottom, forward edges solid, control edges dashed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcgraph.graph.graph import CONTROL, FORWARD, Graph

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DENSITY, CLASSIFYING, ENTRY, OTHER = "#9ecae1", "#fdd0a2", "#dddddd", "#f7f7f7"
FILL = {"input": ENTRY, "gmm": DENSITY, "classifier": CLASSIFYING}
BORDER = "#666666"
EDGE = {FORWARD: "#1a1a1a", CONTROL: "#b22222"}

ROW, COLUMN = 0.85, 2.2  # inches from a node to the next above, and at least to one beside it
MARGIN, LETTER = 0.6, 0.08  # inches: around the words of a box, and about what a letter takes
HALF = 0.27  # of a box' height, in rows
APART = 0.2  # inches between the middle of a box and where an edge begins


def label(graph: Graph, name: str) -> str:
    """Return a node's name, type and output shape, on two lines."""
    node = graph[name]
    return f"{name}: {node.layer.type}\n{' x '.join(map(str, node.shape))}"


def dot(graph: Graph) -> str:
    """Return the graph in Graphviz' language."""
    lines = [f'digraph "{graph.name}" {{', "  rankdir=BT; node [shape=box, style=filled];"]
    for name, node in graph.nodes.items():
        text = label(graph, name).replace("\n", "\\n")
        colour = FILL.get(node.layer.type, OTHER)
        lines.append(f'  {name} [label="{text}", fillcolor="{colour}"];')
    for u, v, kind in graph.edges.edges(keys=True):
        style = "" if kind == FORWARD else " [style=dashed, constraint=false, color=firebrick]"
        lines.append(f"  {u} -> {v}{style};")
    return "\n".join([*lines, "}", ""])


def places(graph: Graph) -> dict[str, tuple[float, float]]:
    """Return where each node stands, (column, row): above all that it takes."""
    import networkx as nx

    order = list(graph.nodes)
    return {
        name: (x - (len(row) - 1) / 2, float(y))
        for y, row in enumerate(nx.topological_generations(graph.only(FORWARD)))
        for x, name in enumerate(sorted(row, key=order.index))
    }


def graph_figure(graph: Graph) -> Figure:
    """Return the drawing; each edge's SVG element has the id ``kind:from:to``."""
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyArrowPatch

    standing = places(graph)
    widest = 1 + 2 * max(x for x, _ in standing.values())
    highest = max(y for _, y in standing.values())
    lines = [line for name in graph.nodes for line in label(graph, name).splitlines()]
    column = max(COLUMN, MARGIN + LETTER * max(map(len, lines)))
    figure = Figure(figsize=(column * widest + 0.2, ROW * (highest + 1) + 0.5))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-widest / 2, widest / 2), ylim=(-0.6, highest + 0.6))
    axes.axis("off")
    for name, (x, y) in standing.items():
        colour = FILL.get(graph[name].layer.type, OTHER)
        box = {"boxstyle": "round,pad=0.35", "facecolor": colour, "edgecolor": BORDER}
        axes.text(x, y, label(graph, name), ha="center", va="center", fontsize=9, bbox=box)
    for u, v, kind in graph.edges.edges(keys=True):
        (x1, y1), (x2, y2) = standing[u], standing[v]
        up = kind == FORWARD
        # side by side where the two edges of a chain would lie on each other; around what is passed
        bend = 0.0 if abs(y2 - y1) <= 1 else 0.35
        shift = (-APART if up else APART) / column
        axes.add_patch(
            FancyArrowPatch(
                (x1 + shift, y1 + (HALF if up else -HALF)),
                (x2 + shift, y2 - (HALF if up else -HALF)),
                arrowstyle="-|>",
                mutation_scale=10,
                connectionstyle=f"arc3,rad={bend}",
                color=EDGE[kind],
                linestyle="-" if up else (0, (4, 2)),
                gid=f"{kind}:{u}:{v}",
            )
        )
    return figure
