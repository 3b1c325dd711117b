"""Conducts a study: what is finished stays, what is not is run, and the folder holds the rest."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from dcgraph.backends.select import usable
from dcgraph.errors import InterruptedRunError
from dcgraph.graph.load import graph_from_document
from dcgraph.plugin.load import plugins_from
from dcgraph.storage.lock import output_lock
from dcgraph.study.execute import opened
from dcgraph.study.results import Results
from dcgraph.study.run import Outcome, Result, Run

LABELS = ("classes", "outliers")
Engine = Callable[[Sequence[Run]], Generator[Outcome]]
Listener = Callable[[Outcome], None]


@dataclass
class Standing:
    """How far a study is.

    Attributes
    ----------
    runs : sequence of Run
        All of them.
    found : dict of str to Result
        Those that are finished, by name.
    failed : dict of str to str
        Those that failed just now, by name, and why.
    computed : int
        Runs that were finished just now.
    """

    runs: Sequence[Run]
    found: dict[str, Result] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    computed: int = 0

    @property
    def backend(self) -> str:
        """The kind of backend that computes the models; "numpy" where there are anchors alone."""
        return next((run.kind for run in self.runs if run.anchor is None), "numpy")


def conduct(
    runs: Sequence[Run],
    folder: Path,
    engine: Engine,
    *,
    chosen: Sequence[Run] | None = None,
    listen: Listener = lambda outcome: None,
) -> Standing:
    """Execute the runs of a study that are not finished; each result is kept as it comes.

    Parameters
    ----------
    folder : Path
        Results go to its ``runs``.
    engine : callable
        Yields the outcomes of the runs it is given.
    chosen : sequence of Run or None
        Those that may be executed; None: all.
    listen : callable
        Is told of each outcome.

    Raises
    ------
    OutputLockedError
        Another process conducts a study in the folder.
    InterruptedRunError
        The user stopped it; what was finished is kept.
    """
    results = Results(folder / "runs")
    with output_lock(folder / "study"):
        standing = survey(runs, results)
        left = [run for run in chosen or runs if run.name not in standing.found]
        if not left:
            return standing
        with closing(engine(left)) as outcomes:
            try:
                for outcome in outcomes:
                    _note(outcome, standing, results)
                    listen(outcome)
            except KeyboardInterrupt:
                kept = survey(runs, results).found  # Ctrl-C may fall between a file and its note
                message = (
                    f"stopped with {len(kept)} of {len(runs)} runs finished, which are "
                    f"kept in {results.folder}: the same command goes on from there"
                )
                raise InterruptedRunError(message) from None
    return standing


def survey(runs: Sequence[Run], results: Results) -> Standing:
    """Return how far a study is; nothing is run."""
    found = {run.name: results.read(run) for run in runs}
    return Standing(runs, {name: result for name, result in found.items() if result is not None})


def check_needs(runs: Sequence[Run]) -> None:
    """See to it that whatever runs need beside data is there, before one of them begins.

    Raises
    ------
    RequestError
    """
    for backend in {run.backend: None for run in runs}:
        usable(backend)
    for run in runs:
        for each in run.evaluations:
            each.require()
        if run.anchor is not None:
            run.anchor.require()


def check_data(runs: Sequence[Run]) -> None:
    """Open every data set once, so that what is missing is told before a run fails.

    Raises
    ------
    DataError
    """
    for run in {_data_set(run): run for run in runs}.values():
        opened(run, graph_from_document(run.document, plugins=plugins_from(run.plugin_files)))


def _data_set(run: Run) -> str:
    """Return what images a run reads: which of the classes are outliers is nothing to that."""
    data = run.document["data"]
    return repr({key: data[key] for key in sorted(data) if key not in LABELS})


def _note(outcome: Outcome, standing: Standing, results: Results) -> None:
    if outcome.result is None:
        standing.failed[outcome.run.name] = outcome.error or "it did not say why"
        return
    results.write(outcome.run, outcome.result)
    standing.found[outcome.run.name] = outcome.result
    standing.computed += 1
