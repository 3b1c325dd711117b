"""dcgraph report: one page with all that can be said of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options, reporting
from dcgraph.cli.session import Session

if TYPE_CHECKING:
    from rich.console import Console

ENDINGS = (".html",)


@click.command("report")
@click.argument("model", type=options.ModelFile)
@click.option(
    "-o",
    "--output",
    type=options.OutputFile,
    default=Path("report.html"),
    show_default=True,
    help="The page.",
)
@reporting.shown
@options.overwrite
@options.graph
@options.computing
@options.common
def command(
    session: Session, model: Path, *, output: Path, overwrite: bool, **request: Any
) -> None:
    """Write a page about MODEL: one HTML file that fetches nothing.

    It shows the graph, settings and provenance, training curves, each node's visual alphabet,
    samples, the most and least likely test images with their likelihood maps, ROC curves and the
    confusion matrix. What does not apply, or needs data that is not here, is said in a line. MODEL
    may still be in training. --set takes sampling settings (gmm.top=1) and settings of the data.

    \b
    Examples:
      dcgraph report runs/dcgmm-e-s0.h5
      dcgraph report runs/dcgmm-e-s0.h5 -o e.html --samples 100 --limit 10000
      dcgraph report runs/dcgmm-e-s0.h5 --data fashion_mnist --set gmm.top=1 --overwrite
    """
    from dcgraph.cli.opening import check_output
    from dcgraph.pictures.files import replacing

    check_output(output, ENDINGS, overwrite=overwrite)
    record, page = reporting.Request(**request).page(session, model)
    content = page.html.encode()
    with replacing(output) as beside:
        beside.write_bytes(content)
    fields = {
        "model": model,
        "output": output,
        "bytes": len(content),
        "complete": record.complete,
        "step": record.step,
        "total_steps": record.total_steps,
        "sections": {name: note or None for name, note in page.notes.items()},
    }
    session.reply(fields, lambda console: _show(console, output, page.notes))


def _show(console: Console, output: Path, notes: dict[str, str]) -> None:
    for name, note in notes.items():
        if note:
            console.print(f"{name}: {note}", soft_wrap=True)
    console.print(f"page in {output}", soft_wrap=True)
