"""Plugins from files the user names. Nothing else makes a file's code run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from dcgraph.errors import PluginError
from dcgraph.plugin.manager import Plugins, built_in_plugins, load_plugins


def plugins_from(paths: Sequence[Path]) -> Plugins:
    """Return the built-ins and what the plugin files register.

    Raises
    ------
    PluginError
        A file cannot be imported, or what it registers is broken; the message names the file.
    """
    if not paths:
        return built_in_plugins()
    return load_plugins([_import(path) for path in dict.fromkeys(map(Path.resolve, paths))])


def _import(path: Path) -> ModuleType:
    """Import a file as a module that bears the file's path as its name.

    The name is unique, and whoever names the plugin in a message names its file.
    """
    if not path.is_file():
        message = "there is no such plugin file"
        raise PluginError(message, file=path)
    name = str(path)
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        message = "a plugin file must be Python source whose name ends in .py"
        raise PluginError(message, file=path)
    module = module_from_spec(spec)
    # classes with postponed annotations are resolved through sys.modules
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        message = f"the plugin cannot be imported: {type(error).__name__}: {error}"
        raise PluginError(message, file=path, line=_line(error, path)) from error
    return module


def _line(error: BaseException, path: Path) -> int | None:
    """Return the last line of the file that an error has passed through."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    lines, traceback = [], error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == str(path):
            lines.append(traceback.tb_lineno)
        traceback = traceback.tb_next
    return lines[-1] if lines else None
