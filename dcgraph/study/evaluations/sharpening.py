"""What sharpening does to samples: pictures with and without, and the loss it raises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from dcgraph.inference.readout import Readout
from dcgraph.pictures.grid import Picture
from dcgraph.pictures.pixels import as_pixels
from dcgraph.spec import Positive
from dcgraph.study.evaluations.base import Arrays, Evaluation, Finding, Measured, Subject, stem
from dcgraph.study.evaluations.panels import as_bytes, grid_of, panels


class Sharpening(Evaluation):
    """The same samples with several numbers of sharpening steps.

    Values, at every node that is sharpened, for the largest number of steps: ``sharpening: loss
    before`` and ``after``, the loss of its target (mean over samples and positions, nats), and
    ``share raised``, the share of the samples whose loss is higher after it.

    Attributes
    ----------
    steps : tuple of int
        Numbers of steps, 0 among them for comparison.
    n, columns : int
        Samples, and columns of each panel.
    """

    type = "sharpening"

    steps: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0, 10)
    n: Positive = 40
    columns: Positive = 8

    def measure(self, subject: Subject) -> Measured:
        model = subject.model
        arrays: Arrays = {}
        readout = Readout()
        for steps in sorted(self.steps):
            readout = Readout()
            samples = model.sample(self.n, sharpen=steps, readout=readout)
            arrays[str(steps)] = as_bytes(as_pixels(samples, model.record.pixel_range))
        values = {
            node: {
                "sharpening: loss before": float(found.before.mean()),
                "sharpening: loss after": float(found.after.mean()),
                "sharpening: share raised": found.raised,
            }
            for node, found in readout.nodes.items()
        }
        return Measured(values, arrays)

    def draw(self, found: Sequence[Finding]) -> Iterator[tuple[str, Picture]]:
        for column in dict.fromkeys(each.column for each in found):
            grids = {
                f"{each.graph}, {steps} steps": grid_of(each.arrays[str(steps)], self.columns)
                for each in found
                if each.column == column
                for steps in sorted(self.steps)
            }
            yield stem("sharpening", column), panels(grids)
