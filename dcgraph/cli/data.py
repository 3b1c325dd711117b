"""dcgraph data: which data sources there are, what each holds, and getting them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options
from dcgraph.cli.session import Session

if TYPE_CHECKING:
    from dcgraph.contracts.source import Source


@click.group("data", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List data sources, describe one, or fetch its files.

    \b
    Examples:
      dcgraph data list
      dcgraph data info mnist
      dcgraph data fetch fashion_mnist --data-dir ~/data
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("list")
@options.data_dir
@options.plugin_files
@options.common
def list_(session: Session, *, data_dir: Path | None, plugin_files: tuple[Path, ...]) -> None:
    """List the data sources, and whether their files are there.

    \b
    Example:
      dcgraph data list
    """
    from dcgraph.cli.console import table
    from dcgraph.plugin.load import plugins_from

    directory = _directory(data_dir)
    found = [
        describe(source, directory) for _, source in plugins_from(plugin_files).sources.items()
    ]
    columns = {"source": None, "images": None, "classes": "d", "state": None, "summary": None}
    rows = [
        (each["name"], _size(each["shape"]), each["classes"], _state(each), each["summary"])
        for each in found
    ]
    session.reply(
        {"directory": directory, "sources": found},
        lambda console: console.print(table(columns, rows)),
    )
    session.advise(f"data directory: {directory}")


@command.command("info")
@click.argument("name")
@options.data_dir
@options.plugin_files
@options.common
def info(
    session: Session, name: str, *, data_dir: Path | None, plugin_files: tuple[Path, ...]
) -> None:
    """Describe the data source NAME: its images, settings, licence, and files that are missing.

    \b
    Example:
      dcgraph data info mnist
    """
    from dcgraph.plugin.load import plugins_from

    directory = _directory(data_dir)
    fields = describe(plugins_from(plugin_files).sources[name], directory)
    missing = fields["missing"]
    rows = [
        ("source", name),
        ("summary", fields["summary"]),
        ("images", _size(fields["shape"])),
        ("classes", None if fields["classes"] is None else str(fields["classes"])),
        ("licence", fields["licence"]),
        ("settings", ", ".join(fields["settings"]) or None),
        ("directory", str(directory)),
        *(("missing", path) for path in missing or ()),
        ("state", "ready" if missing == [] else None),
    ]
    if missing:
        session.advise(f"download it by 'dcgraph data fetch {name}', or put its files there")
    session.reply(
        {**fields, "directory": directory},
        lambda console: console.print(
            *(f"{key:<10} {value}" for key, value in rows if value is not None),
            sep="\n",
            soft_wrap=True,
        ),
    )


@command.command("fetch")
@click.argument("name")
@options.data_dir
@options.plugin_files
@options.common
def fetch(
    session: Session, name: str, *, data_dir: Path | None, plugin_files: tuple[Path, ...]
) -> None:
    """Download the data source NAME into the data directory.

    \b
    Example:
      dcgraph data fetch mnist --data-dir ~/data
    """
    from dcgraph.errors import DataError
    from dcgraph.plugin.load import plugins_from

    directory = _directory(data_dir)
    kind = plugins_from(plugin_files).sources[name]
    source = _without_settings(kind)
    if source is None:
        message = f"source '{name}' reads files of your own: there is nothing to download"
        raise DataError(message)
    here = not source.missing(directory)
    if not here:
        source.fetch(directory)
    text = f"'{name}' is there already" if here else f"fetched '{name}' into {directory}"
    fields = {"name": name, "directory": directory, "fetched": not here}
    session.reply(fields, lambda console: console.print(text, soft_wrap=True))


def describe(kind: type[Source], directory: Path) -> dict[str, Any]:
    """Return what there is to say of a source without reading its images.

    ``missing`` lists files that are not there; None where that depends on settings.
    """
    source = _without_settings(kind)
    about = kind.info
    return {
        "name": kind.type,
        "summary": about.summary,
        "shape": about.shape,
        "classes": about.classes,
        "licence": about.licence,
        "settings": list(kind.model_fields),
        "missing": None if source is None else source.missing(directory),
    }


def _without_settings(kind: type[Source]) -> Source | None:
    """Return a source with its defaults; None if it has settings one must give."""
    required = any(field.is_required() for field in kind.model_fields.values())
    return None if required else kind()


def _directory(given: Path | None) -> Path:
    from dcgraph.data.directory import data_directory

    return data_directory(given)


def _size(shape: tuple[int, ...] | None) -> str | None:
    return None if shape is None else "x".join(str(side) for side in shape)


def _state(described: dict[str, Any]) -> str:
    missing = described["missing"]
    if missing is None:
        return "your own files"
    return f"not here, see 'dcgraph data info {described['name']}'" if missing else "ready"
