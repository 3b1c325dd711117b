"""Draw a graph: nodes with their shapes, forward edges solid, control edges dashed.

FILE is a model, a graph file, the name of a shipped graph or a notation; the output ends in .svg,
.png, .pdf or .dot (text for Graphviz, which is not needed for the others).

    python tools/graph.py dcgmm_e -o dcgmm_e.svg
"""

from __future__ import annotations

from pathlib import Path

from opening import parser, plugins_of, run

from dcgraph.errors import RequestError
from dcgraph.pictures.files import replacing
from dcgraph.pictures.graph import dot, graph_figure
from dcgraph.storage.origin import graph_from

ENDINGS = (".svg", ".png", ".pdf", ".dot")


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
            graph_figure(graph).savefig(beside)
    print(args.output)
    return 0


if __name__ == "__main__":
    run(main)
