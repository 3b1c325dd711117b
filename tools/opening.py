"""What the tools have in common: how they are called, and how they say what went wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from dcgraph.errors import DcgraphError
from dcgraph.plugin.load import plugins_from
from dcgraph.plugin.manager import Plugins
from dcgraph.storage.read import read_model
from dcgraph.storage.record import ModelRecord

# A file is replaced as a whole, never changed in place: a run that goes on does not disturb.


def parser(text: str) -> argparse.ArgumentParser:
    """Return a parser whose help is the docstring of a tool, example included."""
    made = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("-p", "--plugin", action="append", default=[], help="a plugin file to load")
    return made


def plugins_of(args: argparse.Namespace) -> Plugins:
    """Return what types a model may name."""
    return plugins_from([Path(name) for name in args.plugin])


def opened(path: str, args: argparse.Namespace) -> ModelRecord:
    """Return what a model file holds."""
    return read_model(Path(path), plugins=plugins_of(args))


def run(main: Callable[[list[str] | None], int]) -> None:
    """Run a tool; an error of dcgraph's is one sentence and its own exit code."""
    try:
        sys.exit(main(None))
    except DcgraphError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `| head` has seen enough
        sys.stderr.close()
        sys.exit(0)
