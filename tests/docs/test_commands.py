"""Every `dcgraph` line of README and the pages is one that the program takes.

Commands, options and values are parsed, none is run; `test_pages.py` runs them.
"""

import re
import shlex

import click
import pytest
from doc_blocks import PAGES, SHELL, blocks

from dcgraph.cli.main import main

LINES = [
    pytest.param(line, id=f"{block}: {line[:60]}")
    for page in PAGES
    for block in blocks(page)
    if block.language in SHELL or block.language == ""
    for command in block.commands
    for line in re.findall(r"(?:^|&& )(?:\S+/)?(dcgraph .*?)(?= &&|$)", command)
]


def parse(words):
    """Parse a call as the program does, but for whether files exist."""
    context = click.Context(main, info_name="dcgraph")
    name, command, rest = main.resolve_command(context, words)
    while isinstance(command, click.Group) and rest:
        name, command, rest = command.resolve_command(context, rest)
    if "--help" in rest:
        return
    context = click.Context(command, info_name=name)
    values, left, _ = command.make_parser(context).parse_args(list(rest))
    assert not left, f"superfluous: {left}"
    for parameter in command.params:
        if parameter.name not in values:
            continue
        value = values[parameter.name]
        if parameter.required and parameter.value_is_missing(value):
            raise click.MissingParameter(ctx=context, param=parameter)
        if not isinstance(parameter.type, click.Path):
            parameter.type_cast_value(context, value)


@pytest.mark.parametrize("line", LINES)
def test_the_program_takes_it(line):
    program, *words = shlex.split(line)
    assert program == "dcgraph"
    parse(words)


def test_there_are_lines():
    assert len(LINES) > 60


@pytest.mark.parametrize(
    "line", ["run x --no-such", "rum x", "sample m.h5 -n no", "run", "data fetsch mnist"]
)
def test_a_line_that_it_does_not_take_is_found(line):
    with pytest.raises((click.UsageError, AssertionError)):
        parse(shlex.split(line))
