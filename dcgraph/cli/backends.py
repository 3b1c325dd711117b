"""dcgraph backends: what can compute here, and why what cannot cannot."""

from __future__ import annotations

from dataclasses import asdict

import click

from dcgraph.cli import options
from dcgraph.cli.session import Session


@click.command("backends")
@options.common
def command(session: Session) -> None:
    """Say which backends can compute on this machine.

    \b
    Example:
      dcgraph backends
    """
    from dcgraph.backends.select import backends
    from dcgraph.cli.console import table

    found = backends()
    rows = [(status.name, "yes" if status.usable else "no", status.reason) for status in found]
    session.reply(
        {"backends": [asdict(status) for status in found]},
        lambda console: console.print(
            table({"backend": None, "usable": None, "reason": None}, rows)
        ),
    )
