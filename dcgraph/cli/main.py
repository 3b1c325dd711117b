"""The program: its commands by name, each in a file of its own that is imported when it is used."""

from __future__ import annotations

import io
import sys
from importlib import import_module
from typing import Any

import click

from dcgraph.cli.errors import answer
from dcgraph.cli.session import Session
from dcgraph.plugin.registry import nearest

COMMANDS = {
    "new": "dcgraph.cli.new",
    "run": "dcgraph.cli.run",
    "sample": "dcgraph.cli.sample",
    "score": "dcgraph.cli.score",
    "inpaint": "dcgraph.cli.inpaint",
    "variants": "dcgraph.cli.variants",
    "classify": "dcgraph.cli.classify",
    "inspect": "dcgraph.cli.inspect",
    "report": "dcgraph.cli.report",
    "watch": "dcgraph.cli.watch",
    "check": "dcgraph.cli.check",
    "data": "dcgraph.cli.data",
    "plugins": "dcgraph.cli.plugins",
    "backends": "dcgraph.cli.backends",
    "study": "dcgraph.cli.study",
    "bench": "dcgraph.cli.bench",
}
"""From a command's name to the module whose `command` it is, in the order of the help text."""


class Program(click.Group):
    """A group that imports its commands late and answers every error in one way."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            message = f"there is no command '{cmd_name}'{nearest(cmd_name, list(COMMANDS))}"
            raise click.UsageError(message, ctx)
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command

    def main(self, *args: Any, **settings: Any) -> Any:
        """Run the program and exit with its exit code."""
        given = args[0] if args else settings.pop("args", None)
        arguments = sys.argv[1:] if given is None else list(given)
        session = Session(arguments)
        _forgive_encodings()
        settings |= {"prog_name": "dcgraph", "standalone_mode": False, "obj": session}
        try:
            code = super().main(arguments, **settings)
            sys.stdout.flush()
        except Exception as error:
            code = answer(error, session)
        except KeyboardInterrupt as error:
            code = answer(error, session)
        sys.exit(code or 0)


def _forgive_encodings() -> None:
    """Let a terminal that lacks a character show its number instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _show_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value:
        from dcgraph import __version__

        click.echo(f"dcgraph {__version__}")
        ctx.exit()


@click.group(
    "dcgraph",
    cls=Program,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Deep convolutional Gaussian mixture models as dataflow graphs.

    Train a graph, sample from it, and score images with it:

    \b
      dcgraph run quickstart
      dcgraph sample runs/quickstart-s0.h5 -o samples.png
      dcgraph score runs/quickstart-s0.h5

    Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 the run failed; 2 the
    request was wrong; 130 interrupted, and saved where there was something to save.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
