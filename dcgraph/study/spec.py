"""What a study file says, checked: frozen models of its sections."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from dcgraph.graph.specs import Label
from dcgraph.spec import Spec
from dcgraph.study.anchors.base import Anchor
from dcgraph.study.evaluations.base import Evaluation

Overrides = dict[str, Any]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Figure = Annotated[tuple[float, ...], Field(min_length=1, max_length=2)]
Classes = tuple[Label, ...]
Paper = dict[str, dict[str, dict[str, Figure]]]


class GraphEntry(Spec):
    """A row of the table.

    Attributes
    ----------
    graph : str or dict of str
        A file (looked for beside the study first), a shipped name, or the notation; or one for
        each of the study's data: ``{mnist: classify_mnist, fashion_mnist: ...}``.
    overrides : dict
        Key ``set``: changes to the graph, ``{gmm1.precision_max: 5}``.
    on : dict of dict
        More changes, for one of the study's data alone: ``{fashion_mnist: {train.epochs: 2}}``.
    seeds : dict of str to tuple of int
        In place of the study's, by the label of the data; a file may give one list for all.
    """

    graph: str | dict[str, str]
    overrides: Overrides = Field(default={}, alias="set")
    on: dict[str, Overrides] = Field(default={})
    seeds: dict[str, tuple[Seed, ...]] = Field(default={})

    def graph_on(self, data: str) -> str:
        """Return the graph for one of the study's data."""
        return self.graph if isinstance(self.graph, str) else self.graph[data]


class DataEntry(Spec):
    """A column of the table, before outliers are chosen.

    Attributes
    ----------
    source : str
        Name of a data source.
    overrides : dict
        Key ``set``: changes for every graph on this data.
    """

    source: str
    overrides: Overrides = Field(default={}, alias="set")


class Quick(Spec):
    """What ``--quick`` leaves of a study.

    Attributes
    ----------
    graphs, data : tuple of str or None
        Labels that are kept; None: all.
    outliers, inliers : tuple of tuple of int or None
        Sets of classes that are kept; None: all.
    seeds : tuple of int or None
        None: the first.
    overrides : dict
        Key ``set``: changes to every graph, above all others.
    evaluate, anchors : tuple or None
        In place of the study's; None: those.
    """

    graphs: tuple[str, ...] | None = None
    data: tuple[str, ...] | None = None
    outliers: tuple[Classes, ...] | None = None
    inliers: tuple[Classes, ...] | None = None
    seeds: tuple[Seed, ...] | None = None
    overrides: Overrides = Field(default={}, alias="set")
    evaluate: tuple[Evaluation, ...] | None = None
    anchors: tuple[Anchor, ...] | None = None


class Study(Spec):
    """A study.

    Attributes
    ----------
    name : str
        Part of file names.
    title : str
        One line: what it shows.
    graphs : dict of str to GraphEntry
        By label: the rows of the table.
    data : dict of str to DataEntry
        By label: the columns of the table, before outliers are chosen.
    outliers : tuple of tuple of int, or "each"
        Sets of classes that are left out of training and are to be found; "each": every class in
        turn; empty: what each graph's file says.
    inliers : tuple of tuple of int, or "each"
        Sets of classes that are learned, and nothing else; "each": every class by itself. The table
        has the mean over them, too.
    seeds : tuple of int
    overrides : dict
        Key ``set``: changes to every graph, below all others.
    quick : Quick
    evaluate : tuple of Evaluation
        What is asked of each model.
    anchors : tuple of Anchor
        Trivial methods on the same images, further rows of the table.
    paper : dict
        ``paper[metric][row][column]``: published figures (mean, or mean and standard deviation)
        that are shown beside ours; rows that the study does not have are added.
    """

    name: str
    title: str = ""
    graphs: dict[str, GraphEntry]
    data: dict[str, DataEntry]
    outliers: tuple[Classes, ...] | Literal["each"] = ()
    inliers: tuple[Classes, ...] | Literal["each"] = ()
    seeds: tuple[Seed, ...] = (0,)
    overrides: Overrides = Field(default={}, alias="set")
    quick: Quick = Quick()
    evaluate: tuple[Evaluation, ...]
    anchors: tuple[Anchor, ...] = ()
    paper: Paper = Field(default={})

    def version(self, *, quick: bool) -> Study:
        """Return the study with what its quick version asks in place of what it asks, if so."""
        small = {"evaluate": self.quick.evaluate, "anchors": self.quick.anchors}
        changes = {key: value for key, value in small.items() if quick and value is not None}
        return self.model_copy(update=changes)


class Simple(Spec):
    """The sections of a study file that are validated as they stand."""

    title: str = ""
    overrides: Overrides = Field(default={}, alias="set")
    paper: Paper = Field(default={})
