"""Gathers the problems of a graph file, and knows where each stands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from dcgraph.errors import GraphError, Problem
from dcgraph.graph.document import Document, Place, subject

MAX_PROBLEMS = 100


@dataclass
class Faults:
    """The problems found so far.

    Attributes
    ----------
    document : Document
        What is being checked; it knows lines and overrides.
    found, warnings : list of Problem
    """

    document: Document
    found: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.found.extend(self.document.problems)

    def add(self, place: Place, message: str) -> None:
        """Note what is wrong at a place.

        Raises
        ------
        GraphError
            So much is wrong that there is no use in looking for more.
        """
        self._add(self.problem(place, message))

    def add_settings(self, place: Place, message: str) -> None:
        """Note that the settings at a place, sound one by one, do not work together."""
        problem = self.problem(place, message)
        override = self.document.overrides_inside(place)
        self._add(problem if override is None else replace(problem, file=override, line=None))

    def _add(self, problem: Problem) -> None:
        self.found.append(problem)
        if len(self.found) >= MAX_PROBLEMS:  # a report nobody reads to its end is long enough
            self.raise_any()

    def warn(self, place: Place, message: str) -> None:
        """Note what is worth knowing at a place."""
        self.warnings.append(self.problem(place, message))

    def problem(self, place: Place, message: str) -> Problem:
        """Return a problem that stands at a place of the document."""
        node, field = subject(place)
        override = self.document.override(place)
        if override is not None:
            return Problem(message, override, None, node, field)
        return Problem(message, self.document.file, self.document.line(place), node, field)

    def raise_any(self) -> None:
        """Raise all problems, in the order of the file.

        Raises
        ------
        GraphError
            There are any.
        """
        if self.found:
            ordered = sorted(self.found, key=lambda problem: problem.line or 0)
            raise GraphError(dict.fromkeys(ordered))
