"""Options that several commands share, as decorators; each is written once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from dcgraph.cli.session import Session

Function = TypeVar("Function", bound=Callable[..., Any])


class _ModelFile(click.Path):
    """A model file that is there; what looks like another kind of file, or a slip, is told so."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        from dcgraph.graph.shipped import SUFFIXES
        from dcgraph.plugin.registry import nearest

        path = Path(value)
        if path.suffix.lower() in SUFFIXES and path.is_file():
            self.fail(f"'{value}' is a graph file: 'dcgraph run {value}' makes a model of it")
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            beside = path.parent.glob("*.h5") if path.parent.is_dir() else ()
            hint = nearest(str(path), [str(other) for other in beside])
            self.fail(f"{error.message.rstrip('.')}{hint}", param, ctx)


ModelFile = _ModelFile()
OutputFile = click.Path(dir_okay=False, path_type=Path)


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --json, -v, -q and --debug, and its `Session` as first argument."""

    @wraps(command)
    def with_session(**arguments: Any) -> Any:
        ctx = click.get_current_context()
        session = ctx.ensure_object(Session)
        session.command = ctx.command_path.removeprefix("dcgraph ")
        session.verbosity = arguments.pop("verbose")
        session.quiet = arguments.pop("quiet")
        stop_logging = session.start_logging()
        try:
            session.allows_plugins = arguments.pop("allow_plugins", False)
            if session.allows_plugins:
                arguments["plugin_files"] += _plugins_of_graphs(arguments)
            return command(session, **arguments)
        finally:
            stop_logging()

    for option in (
        # read from what was typed, by the session
        click.option(
            "--debug",
            is_flag=True,
            expose_value=False,
            help="Show tracebacks, and the calls of plugins' hooks.",
        ),
        click.option("-q", "--quiet", is_flag=True, help="Nothing but errors on stderr."),
        click.option("-v", "--verbose", count=True, help="Say more; twice: say everything."),
        click.option(
            "--json", is_flag=True, expose_value=False, help="Print the result as one JSON object."
        ),
    ):
        with_session = option(with_session)
    return with_session


def _plugins_of_graphs(arguments: dict[str, Any]) -> tuple[Path, ...]:
    """Return the plugin files that the graphs among a command's arguments name."""
    from dcgraph.storage.origin import plugin_files_of

    given = [arguments.get(name) for name in ("graph", "model", "file", "files")]
    graphs = [item for value in given for item in (value if isinstance(value, tuple) else [value])]
    return tuple(file for graph in graphs if graph for file in plugin_files_of(graph))


plugin_files = click.option(
    "-p",
    "--plugin",
    "plugin_files",
    multiple=True,
    metavar="FILE.py",
    type=click.Path(path_type=Path),
    help="Load a plugin; it runs with your rights. May be repeated.",
)

allow_plugins = click.option(
    "--allow-plugins",
    is_flag=True,
    help="Load the plugin files that the graph names, too; they run with your rights.",
)

settings = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="PLACE.FIELD=VALUE",
    help="Change a setting: gmm1.components=49, train.epochs=2, data.limit=1000. May be repeated.",
)

source = click.option(
    "--data",
    "source",
    metavar="SOURCE",
    help="Take images from this source (see 'dcgraph data list'), whatever the graph names.",
)

data_dir = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where data sets lie.  [default: $DCGRAPH_DATA, else the user's cache]",
)

threads = click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Processor threads of the matrix products.  [default: 1]",
)

device = click.option(
    "--device",
    type=click.IntRange(min=0),
    metavar="N",
    help="Which NVIDIA GPU computes, where there are several.  [default: 0]",
)

overwrite = click.option("--overwrite", is_flag=True, help="Replace the output file.")


def seed(text: str) -> Callable[[Function], Function]:
    """Return the option --seed, with its help text."""
    return click.option("--seed", type=click.IntRange(min=0), help=text)


def several(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a decorator that adds options; help texts list them in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


graph = several(settings, plugin_files, allow_plugins)


def backend(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what gives a command --backend and --device, as `backend`, "cupy:1"."""
    kind = click.option(
        "--backend",
        type=click.Choice(["auto", "numpy", "cupy"]),
        default=default,
        show_default=True,
        help="What computes; 'dcgraph backends' says what can.",
    )

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_backend(*arguments: Any, **options: Any) -> Any:
            number = options.pop("device")
            if number is not None:
                options["backend"] = f"{options['backend']}:{number}"
            return command(*arguments, **options)

        decorated: Callable[..., Any] = several(kind, device)(with_backend)
        return decorated

    return decorate


computing = several(backend("auto"), threads)
"""Gives a command --backend, --device and --threads."""
