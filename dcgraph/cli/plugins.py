"""dcgraph plugins: what is loaded, from where, and what it registers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgraph.cli import options
from dcgraph.cli.session import Session

if TYPE_CHECKING:
    from dcgraph.plugin.manager import Plugins


@click.command("plugins")
@options.plugin_files
@options.common
def command(session: Session, *, plugin_files: tuple[Path, ...]) -> None:
    """List plugins and what each registers.

    \b
    Examples:
      dcgraph plugins
      dcgraph plugins -p plugins/average_pooling.py
    """
    from dcgraph.cli.console import table
    from dcgraph.plugin.load import plugins_from

    found = overview(plugins_from(plugin_files))
    rows = [
        (plugin["name"], plugin["version"], plugin["origin"], kind, ", ".join(names))
        for plugin in found
        for kind, names in plugin["registers"].items()
    ]
    columns = dict.fromkeys(("plugin", "version", "origin", "kind", "registers"))
    session.reply({"plugins": found}, lambda console: console.print(table(columns, rows)))


def overview(plugins: Plugins) -> list[dict[str, Any]]:
    """Return name, version, origin of each plugin, and the names it registers by kind."""
    from dcgraph import __version__
    from dcgraph.plugin.manager import BUILT_INS

    found: dict[str, dict[str, Any]] = {}
    for kind, registry in vars(plugins).items():
        for name in registry:
            owner = registry.owner(name)
            plugin = found.setdefault(
                owner,
                {
                    "name": owner if owner in BUILT_INS else Path(owner).stem,
                    "version": __version__ if owner in BUILT_INS else _version(owner),
                    "origin": "built-in" if owner in BUILT_INS else owner,
                    "registers": {},
                },
            )
            plugin["registers"].setdefault(kind, []).append(name)
    return list(found.values())


def _version(owner: str) -> str | None:
    version = getattr(sys.modules.get(owner), "__version__", None)
    return version if isinstance(version, str) else None
