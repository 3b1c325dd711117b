"""dcgraph watch: the page of a model, kept up to date while a run goes on."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options, reporting
from dcgraph.cli.session import Session
from dcgraph.errors import DcgraphError

if TYPE_CHECKING:
    from dcgraph.report.live import Watch

PAUSE = 0.5  # seconds between two looks at the file


@click.command("watch")
@click.argument("model", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Where to serve the page; 0 takes a free port.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@reporting.shown
@options.graph
@options.computing
@options.common
def command(session: Session, model: Path, *, port: int, opens: bool, **request: Any) -> None:
    """Serve the page about MODEL, anew whenever a run has written it; Ctrl-C ends that.

    The page is that of 'dcgraph report'. It is served on 127.0.0.1, to this machine alone, and
    replaces itself in the browser. Where there is no MODEL yet, it waits for one.

    \b
    Examples:
      dcgraph watch runs/dcgmm-e-s0.h5 --open
      dcgraph watch runs/dcgmm-e-s0.h5 --port 8000 --samples 100
    """
    from dcgraph.report.live import LivePage, Watch
    from dcgraph.report.page import waiting
    from dcgraph.storage.origin import plugin_files_of

    wanted = reporting.Request(**request)

    def render() -> str:
        # what the file names is known once it is there
        files = plugin_files_of(model) if session.allows_plugins else []
        allowed = replace(wanted, plugin_files=(*wanted.plugin_files, *files))
        record, made = allowed.page(session, model, live=True)
        session.advise(f"step {record.step} of {record.total_steps}")
        return made.html

    # Ctrl-C is how one stops watching, not an interruption of it
    with suppress(KeyboardInterrupt), LivePage(port) as page:
        page.put(waiting(model.name, "There is no such file yet; 'dcgraph run' will write it."))
        watch = Watch(model, page, render)
        if not watch.look():
            session.advise(f"there is no {model} yet: waiting for 'dcgraph run' to write it")
        told = {"model": model, "url": page.url}
        session.reply(told, lambda console: console.print(page.url))
        session.advise("the page keeps itself up to date; Ctrl-C ends this")
        if opens:
            click.launch(page.url)
        while True:
            time.sleep(PAUSE)
            _look(session, watch)


def _look(session: Session, watch: Watch) -> None:
    """Look once; what cannot be shown now may be soon."""
    try:
        watch.look()
    except DcgraphError as error:
        session.warn(f"the page stays as it is: {error}")
