"""Draw a graph: nodes with their shapes, forward edges solid, control edges dashed.

FILE is a model, a graph file, the name of a shipped graph or a notation; the output ends in .svg,
.png, .pdf or .dot (text for Graphviz, which is not needed for the others).

    python tools/graph.py dcgmm_e -o dcgmm_e.svg
"""

from __future__ import annotations

from pathlib import Path

import networkx as nx
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from opening import parser, plugins_of, run

from dcgraph.errors import RequestError
from dcgraph.graph.graph import CONTROL, FORWARD, Graph
from dcgraph.pictures.files import replacing
from dcgraph.storage.origin import graph_from

COLOURS = {"input": "#dddddd", "gmm": "#9ecae1", "classifier": "#fdd0a2"}
OTHER = "#f7f7f7"
ENDINGS = (".svg", ".png", ".pdf", ".dot")


def label(graph: Graph, name: str) -> str:
    """Return a node's name, type and output shape, on two lines."""
    node = graph[name]
    return f"{name}: {node.layer.type}\n{' x '.join(map(str, node.shape))}"


def dot(graph: Graph) -> str:
    """Return the graph in Graphviz' language."""
    lines = [f'digraph "{graph.name}" {{', "  rankdir=BT; node [shape=box, style=filled];"]
    for name, node in graph.nodes.items():
        text = label(graph, name).replace("\n", "\\n")
        colour = COLOURS.get(node.layer.type, OTHER)
        lines.append(f'  {name} [label="{text}", fillcolor="{colour}"];')
    for u, v, kind in graph.edges.edges(keys=True):
        style = "" if kind == FORWARD else " [style=dashed, constraint=false, color=firebrick]"
        lines.append(f"  {u} -> {v}{style};")
    return "\n".join([*lines, "}", ""])


def figure_of(graph: Graph) -> Figure:
    """Return the drawing: inputs at the bottom, each node above all that it takes."""
    generations = list(nx.topological_generations(graph.only(FORWARD)))
    places = {
        name: (x - (len(row) - 1) / 2, float(y))
        for y, row in enumerate(generations)
        for x, name in enumerate(sorted(row, key=list(graph.nodes).index))
    }
    widest = max(len(row) for row in generations)
    figure = Figure(figsize=(3.2 * widest + 0.6, 0.85 * len(generations) + 0.5))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-widest / 2, widest / 2), ylim=(-0.6, len(generations) - 0.4))
    axes.axis("off")
    for name, (x, y) in places.items():
        colour = COLOURS.get(graph[name].layer.type, OTHER)
        box = {"boxstyle": "round,pad=0.35", "facecolor": colour, "edgecolor": "0.4"}
        axes.text(x, y, label(graph, name), ha="center", va="center", fontsize=9, bbox=box)
    for u, v, kind in graph.edges.edges(keys=True):
        (x1, y1), (x2, y2) = places[u], places[v]
        up = kind == FORWARD
        # side by side where the two edges of a chain would lie on each other; around what is passed
        bend = 0.0 if abs(y2 - y1) <= 1 else 0.35
        shift = -0.06 if up else 0.06
        axes.add_patch(
            FancyArrowPatch(
                (x1 + shift, y1 + (0.27 if up else -0.27)),
                (x2 + shift, y2 - (0.27 if up else -0.27)),
                arrowstyle="-|>",
                mutation_scale=10,
                connectionstyle=f"arc3,rad={bend}",
                color="black" if up else "firebrick",
                linestyle="-" if up else (0, (4, 2)),
                gid=f"{kind}:{u}:{v}",
            )
        )
    assert {kind for *_, kind in graph.edges.edges(keys=True)} <= {FORWARD, CONTROL}
    return figure


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    options = parser(__doc__)
    options.add_argument("file")
    options.add_argument("-o", "--output", type=Path, default=Path("graph.svg"))
    args = options.parse_args(arguments)
    if args.output.suffix not in ENDINGS:
        message = f"the output must end in {', '.join(ENDINGS)}; received '{args.output.name}'"
        raise RequestError(message)
    graph = graph_from(args.file, plugins=plugins_of(args))
    with replacing(args.output) as beside:
        if args.output.suffix == ".dot":
            beside.write_text(dot(graph), encoding="utf-8")
        else:
            figure_of(graph).savefig(beside)
    print(args.output)
    return 0


if __name__ == "__main__":
    run(main)
