"""The page of the command line: what ``--help`` prints, of every command."""

from __future__ import annotations

from collections.abc import Iterator

import click

from dcgraph.cli.main import main

WIDTH = 92


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with the words that call it, groups before what they hold."""
    root = click.Context(main, info_name="dcgraph")
    for name in main.list_commands(root):
        command = main.get_command(root, name)
        assert command is not None  # it is listed
        yield f"dcgraph {name}", command
        if isinstance(command, click.Group):
            for inner, each in command.commands.items():
                yield f"dcgraph {name} {inner}", each


def page() -> str:
    """Return the page, as Markdown."""
    parts = [
        "# Command line\n",
        "Results go to stdout, everything else to stderr; `--json` makes the result one JSON "
        "object. Exit codes: 0 done, 1 the run failed, 2 the request was wrong, 130 interrupted "
        "and saved.\n",
    ]
    for words, command in commands():
        context = click.Context(command, info_name=words, max_content_width=WIDTH)
        context.terminal_width = WIDTH
        level = "#" * (1 + len(words.split()) // 2 + len(words.split()) % 2)
        parts.append(f"{level} {words}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)
