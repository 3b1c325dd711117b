"""One run of a study: all that determines it, and what came of it; both travel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from dcgraph.study.anchors.base import Anchor
from dcgraph.study.evaluations.base import Arrays, Evaluation, Values, stem

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Run:
    """What is trained and asked.

    Attributes
    ----------
    graph, column : str
        Labels of its row and its column in the table.
    seed : int
    document : mapping
        The expanded graph, its seed included; of an anchor, the graph whose images it sees.
    evaluations : tuple of Evaluation
    anchor : Anchor or None
        The method that stands in the graph's place.
    group : str
        What its column is one of, with a mean over them; "": it stands alone.
    backend : {"numpy", "cupy", "cupy:N"}
        What computes the model; an anchor has no use for one.
    plugin_files : tuple of Path
    data_directory : Path or None
        None: that of the machine it is executed on.
    """

    graph: str
    column: str
    seed: int
    document: Mapping[str, Any]
    evaluations: tuple[Evaluation, ...]
    anchor: Anchor | None = None
    group: str = ""
    backend: str = "numpy"
    plugin_files: tuple[Path, ...] = ()
    data_directory: Path | None = None

    @property
    def name(self) -> str:
        """How the run is called: ``graph/column/seed``."""
        return f"{self.graph}/{self.column}/{self.seed}"

    def matches(self, pattern: str) -> bool:
        """Return whether a pattern means this run: its name with ``*`` and ``?``, or a part."""
        return pattern in (self.graph, self.column, str(self.seed)) or fnmatchcase(
            self.name, pattern
        )

    @cached_property
    def digest(self) -> str:
        """A fingerprint of everything that determines the result."""
        from dcgraph import __version__

        asked = [[each.type, each.model_dump(mode="json")] for each in self.evaluations]
        method = None
        if self.anchor is not None:
            method = [self.anchor.type, self.anchor.model_dump(mode="json")]
        parts = [FORMAT_VERSION, __version__, self._determining(), asked, method, self.seed]
        if self.kind != "numpy":
            parts.append(self.kind)  # NumPy's results keep the fingerprints they had without it
        return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def kind(self) -> str:
        """The kind of the backend, "cupy", whichever device it is on."""
        return self.backend.partition(":")[0]

    def _determining(self) -> Mapping[str, Any]:
        if self.anchor is None:
            return self.document
        nodes = self.document["nodes"]
        shapes = [node["shape"] for node in nodes.values() if node["type"] == "input"]
        return {"data": self.document["data"], "shapes": shapes}

    @property
    def file_name(self) -> str:
        """The name of its result file."""
        return f"{stem(self.graph, self.column, f's{self.seed}')}-{self.digest[:12]}.h5"


@dataclass(frozen=True)
class Result:
    """What a run found.

    Attributes
    ----------
    nodes : tuple of str
        In the order of the graph; none of an anchor.
    values : dict
        ``values[node][metric]``; an anchor's node is "".
    arrays : dict
        ``arrays[evaluation][name]``: what figures are drawn from.
    seconds : float
        How long it took.
    machine, finished, versions : str
        Where (a device included) and when, and of what versions of dcgraph, Python and NumPy.
    """

    nodes: tuple[str, ...]
    values: Values
    arrays: dict[str, Arrays] = field(default_factory=dict)
    seconds: float = 0.0
    machine: str = ""
    finished: str = ""
    versions: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a run ended: with a result, or with a sentence that says what went wrong.

    Attributes
    ----------
    run : Run
    result : Result or None
    error : str or None
    spent : bool
        Whether its process can make no other run, for the device has failed in it.
    """

    run: Run
    result: Result | None = None
    error: str | None = None
    spent: bool = False
