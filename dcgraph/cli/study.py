"""dcgraph study: many runs, one table."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options
from dcgraph.cli.errors import FAILED
from dcgraph.cli.session import Session

if TYPE_CHECKING:
    from rich.console import Console

    from dcgraph.study.conduct import Engine, Standing
    from dcgraph.study.output import Output
    from dcgraph.study.run import Run


@click.command("study")
@click.argument("file", required=False)
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where results go.  [default: studies/NAME]",
)
@click.option("--quick", is_flag=True, help="The small version that the study describes.")
@click.option("--list", "listing", is_flag=True, help="Show the runs and which are done.")
@click.option(
    "--only",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Only these runs: a graph, a column, a seed, or GRAPH/COLUMN/SEED with * and ?.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes.  [default: one for each processor]",
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="A Dask scheduler, tcp://host:8786, or 'local': --workers of Dask on this machine.",
)
@options.backend("numpy")
@options.data_dir
@options.plugin_files
@options.common
def command(
    session: Session,
    file: str | None,
    *,
    output: Path | None,
    quick: bool,
    listing: bool,
    patterns: tuple[str, ...],
    workers: int | None,
    cluster: str | None,
    backend: str,
    data_dir: Path | None,
    plugin_files: tuple[Path, ...],
) -> int:
    """Train and evaluate what the study FILE names, and write one table.

    FILE is a study file, or the name of a study that comes with dcgraph; without it, those are
    listed. The folder receives results.md (the page), table.csv, table.md, table.h5, figures/ and
    runs/, a small file for each finished run: the same command again goes on where it was stopped.
    Runs that fail are listed and keep no other from being done; the exit code is then 1.
    Workers may share a GPU; results on another backend are other runs.

    \b
    Examples:
      dcgraph study
      dcgraph study outliers_mnist --quick
      dcgraph study outliers_mnist --list
      dcgraph study mine.yaml --only 'E/*' --workers 4
      dcgraph study mine.yaml --backend cupy --workers 8
      dcgraph study mine.yaml --cluster tcp://scheduler:8786
    """
    from dcgraph.plugin.load import plugins_from
    from dcgraph.study.grid import runs_of
    from dcgraph.study.output import write_output
    from dcgraph.study.read import read_study, study_file

    plugins = plugins_from(plugin_files)
    if file is None:
        return _shipped(session, plugins)
    study, document = read_study(study_file(file), plugins)
    runs = runs_of(
        study,
        document,
        plugins,
        quick=quick,
        backend=_backend(backend, cluster),
        plugin_files=plugin_files,
        data_directory=data_dir,
    )
    folder = output or Path("studies") / f"{study.name}{'-quick' if quick else ''}"
    chosen = _chosen(runs, patterns)
    if listing:
        return _list(session, study.name, chosen, folder)
    standing = _conduct(session, runs, chosen, folder, workers=workers, cluster=cluster)
    words = shlex.join(["dcgraph", *session.arguments])
    written = write_output(study, standing, folder, words, quick=quick)
    failed = [{"run": name, "error": why} for name, why in standing.failed.items()]
    fields: dict[str, Any] = {
        "study": study.name,
        "folder": folder,
        "backend": standing.backend,
        "runs": len(runs),
        "finished": len(standing.found),
        "computed": standing.computed,
        "failed": failed,
        "rows": _plain(written),
        "files": list(written.files),
    }
    session.reply(fields, lambda console: _show(console, written), ok=not failed)
    for entry in failed:
        session.stderr.print(f"error: run {entry['run']}: {entry['error']}", soft_wrap=True)
    session.advise(f"the page is {folder / 'results.md'}")
    return FAILED if failed else 0


def _shipped(session: Session, plugins: Any) -> int:
    """List the studies that come with the package."""
    from dcgraph.cli.console import table
    from dcgraph.graph.shipped import shipped_studies
    from dcgraph.study.columns import columns_of, extent_of
    from dcgraph.study.read import read_study

    found = []
    for name, path in shipped_studies().items():
        study, _ = read_study(path, plugins)
        columns = columns_of(study, plugins)
        counts = [
            extent_of(study, columns, quick=quick).count(study.version(quick=quick))
            for quick in (False, True)
        ]
        found.append((name, study.title, *counts))
    shown = {"study": None, "what it shows": None, "runs": "d", "quick": "d"}
    keys = ("name", "title", "runs", "quick_runs")
    session.reply(
        {"studies": [dict(zip(keys, each, strict=True)) for each in found]},
        lambda console: console.print(table(shown, found)),
    )
    return 0


def _backend(name: str, cluster: str | None) -> str:
    """Return what --backend means; whether it can run is asked when there is something to run."""
    from dcgraph.backends.select import parts_of, usable
    from dcgraph.errors import RequestError

    kind, _ = parts_of(name)
    if kind != "auto":
        return name
    if _is_elsewhere(cluster):
        message = "what 'auto' means on a cluster's machines is not known here: name a backend"
        raise RequestError(message, field="--backend")
    return usable(name)


def _is_elsewhere(cluster: str | None) -> bool:
    from dcgraph.study.cluster import LOCAL

    return cluster not in (None, LOCAL)


def _chosen(runs: Sequence[Run], patterns: Sequence[str]) -> list[Run]:
    """Return the runs that --only means; all without it."""
    from dcgraph.errors import RequestError

    for pattern in patterns:
        if not any(run.matches(pattern) for run in runs):
            message = f"no run is meant by '{pattern}': runs are called as '{runs[0].name}' is"
            raise RequestError(message, field="--only")
    return [run for run in runs if not patterns or any(run.matches(each) for each in patterns)]


def _list(session: Session, name: str, runs: Sequence[Run], folder: Path) -> int:
    from dcgraph.cli.console import table
    from dcgraph.study.conduct import survey
    from dcgraph.study.results import Results

    results = Results(folder / "runs")
    found = survey(runs, results).found
    listed = [
        {
            "run": run.name,
            "state": "done" if run.name in found else "to do",
            "seconds": found[run.name].seconds if run.name in found else None,
            "file": results.path(run),
        }
        for run in runs
    ]
    columns = {"run": None, "state": None, "seconds": ".1f", "file": None}
    rows = [[each[key] for key in columns] for each in listed]
    session.reply(
        {"study": name, "folder": folder, "runs": listed},
        lambda console: console.print(table(columns, rows)),
    )
    return 0


def _conduct(
    session: Session,
    runs: Sequence[Run],
    chosen: Sequence[Run],
    folder: Path,
    *,
    workers: int | None,
    cluster: str | None,
) -> Standing:
    from dcgraph.cli.study_progress import study_progress
    from dcgraph.study.conduct import check_data, check_needs, conduct, survey
    from dcgraph.study.results import Results

    done = survey(runs, Results(folder / "runs")).found
    left = [run for run in chosen if run.name not in done]
    if not _is_elsewhere(cluster):
        check_needs(left)
        check_data(left)
    if not left:
        session.advise(f"all {len(chosen)} runs are finished already")
    with study_progress(session, left) as progress:
        return conduct(runs, folder, _engine(cluster, workers), chosen=chosen, listen=progress.note)


def _engine(cluster: str | None, workers: int | None) -> Engine:
    from dcgraph.study.cluster import on_cluster
    from dcgraph.study.local import default_workers, on_this_machine

    count = workers or default_workers()
    if cluster is None:
        return lambda runs: on_this_machine(runs, count)
    return lambda runs: on_cluster(runs, cluster, count)


def _plain(written: Output) -> list[dict[str, Any]]:
    from dcgraph.study.formats import fields

    return [{**fields(row), "seeds": row.seeds, "values": row.values} for row in written.rows]


def _show(console: Console, written: Output) -> None:
    from dcgraph.cli.console import table
    from dcgraph.study.formats import wide

    for metric in dict.fromkeys(row.metric for row in written.rows):
        header, lines = wide(written.rows, metric)
        unique = {f"{name}{' ' * i}": None for i, name in enumerate(header)}
        console.print(metric)
        console.print(table(unique, lines))
