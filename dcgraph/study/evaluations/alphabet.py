"""The visual alphabet: what the components of a node look like in the image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dcgraph.graph.graph import Graph
from dcgraph.pictures.grid import Picture
from dcgraph.pictures.pixels import as_pixels
from dcgraph.study.evaluations.base import Evaluation, Finding, Measured, Subject
from dcgraph.study.evaluations.panels import as_bytes, grid_of, panels


class Alphabet(Evaluation):
    """The components of a gmm node, projected down to the image from its middle position.

    Attributes
    ----------
    node : str or None
        None: the lowest.
    """

    type = "alphabet"

    node: str | None = None

    def misfit(self, graph: Graph) -> str | None:
        if self.node is None or self.node in graph.density_nodes:
            return None
        return f"'{self.node}' is no node with components: {', '.join(graph.density_nodes)}"

    def measure(self, subject: Subject) -> Measured:
        model = subject.model
        node = self.node or model.graph.density_nodes[0]
        images = model.alphabet(node)
        return Measured({}, {"components": as_bytes(as_pixels(images, model.record.pixel_range))})

    def draw(self, found: Sequence[Finding]) -> Iterator[tuple[str, Picture]]:
        grids = {
            f"{each.graph}, {each.column}": grid_of(each.arrays["components"]) for each in found
        }
        yield "alphabet", panels(grids)
