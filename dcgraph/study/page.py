"""The result page: command, date, machine, seeds, time, our figures and the paper's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from dcgraph.study.conduct import Standing
from dcgraph.study.spec import Study


def page(
    study: Study,
    standing: Standing,
    table: str,
    figures: Sequence[Path],
    command: str,
    *,
    quick: bool = False,
) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    table : str
        As Markdown.
    figures : sequence of Path
        As seen from the page.
    command : str
        What made it.
    quick : bool
        Whether it is the small version of the study.
    """
    parts = [f"# {study.title or study.name}"]
    if quick:
        parts.append("The quick version, to see it work; its figures are not those of the study.")
    parts.append(_facts(standing, command))
    if standing.failed:
        parts.append(_list("Failed", [f"{name}: {why}" for name, why in standing.failed.items()]))
    missing = [
        run.name
        for run in standing.runs
        if run.name not in standing.found and run.name not in standing.failed
    ]
    if missing:
        parts.append(_list("Not run yet", missing))
    parts += ["## Table", table.rstrip(), _legend(study)]
    if figures:
        parts.append("## Figures")
        parts += [f"![{path.stem}]({path.as_posix()})" for path in figures]
    return "\n\n".join(parts) + "\n"


def _facts(standing: Standing, command: str) -> str:
    results = list(standing.found.values())
    seeds = dict.fromkeys(str(run.seed) for run in standing.runs if run.name in standing.found)
    finished = max((result.finished for result in results), default="")
    took = duration(sum(result.seconds for result in results))
    facts = {
        "command": f"`{command}`",
        "date": finished[:10] or "-",
        "machine": _joined(result.machine for result in results),
        "versions": _joined(result.versions for result in results),
        "seeds": ", ".join(seeds) or "-",
        "runs": f"{len(results)} of {len(standing.runs)}",
        "time": f"{took} of one core, all runs",
    }
    if standing.backend != "numpy":
        facts["backend"] = standing.backend
        facts["time"] = f"{took}, the sum over all runs, which may have shared a device"
    return "\n".join(f"- {name}: {text}" for name, text in facts.items())


def _legend(study: Study) -> str:
    told = ["Means over seeds, ± the standard deviation of the sample."]
    if study.paper:
        told.append("*paper*: as published; *difference*: ours less the paper's.")
    if study.anchors:
        names = ", ".join(anchor.type for anchor in study.anchors)
        told.append(f"Anchors, on the same training and test images: {names}.")
    return " ".join(told)


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text)) or "-"


def _list(title: str, lines: Iterable[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines)


def duration(seconds: float) -> str:
    """Return a duration as "45 s", "12 min", "3.4 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
