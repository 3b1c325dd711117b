"""dcgraph plugins: what is loaded, from where, and what it registers."""

from __future__ import annotations

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

    Plugins come with dcgraph, with installed packages (the environment variable DCGRAPH_PLUGINS
    limits which of those are loaded: names with commas between), and from the files of -p.

    \b
    Examples:
      dcgraph plugins
      dcgraph plugins -p plugins/affine.py
    """
    from dcgraph.cli.console import table
    from dcgraph.plugin.load import plugins_from

    found = overview(plugins_from(plugin_files))
    rows = [
        (plugin["name"], plugin["version"], plugin["origin"], kind, ", ".join(names))
        for plugin in found
        for kind, names in (plugin["registers"] or {"nothing": ()}).items()
    ]
    columns = dict.fromkeys(("plugin", "version", "origin", "kind", "registers"))
    session.reply({"plugins": found}, lambda console: console.print(table(columns, rows)))


def overview(plugins: Plugins) -> list[dict[str, Any]]:
    """Return name, version, origin of each plugin, and the names it registers by kind."""
    found = []
    for plugin in plugins.loaded:
        kinds = {
            kind: [name for name in registry if registry.owner(name) == plugin.owner]
            for kind, registry in plugins.kinds().items()
        }
        found.append(
            {
                "name": plugin.name,
                "version": plugin.version,
                "origin": plugin.origin,
                "registers": {kind: names for kind, names in kinds.items() if names},
            }
        )
    return found
