"""Plugins that are installed, and plugins from files the user names.

Nothing else makes code run: what a graph or a model file names is not loaded for that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from dcgraph.errors import PluginError
from dcgraph.plugin.manager import Plugin, Plugins, load_plugins
from dcgraph.plugin.registry import nearest

GROUP = "dcgraph"
VARIABLE = "DCGRAPH_PLUGINS"


def plugins_from(paths: Sequence[Path | str]) -> Plugins:
    """Return the built-ins, what is installed, and what the plugin files register.

    Parameters
    ----------
    paths : sequence of path
        Python files; a file given twice is loaded once.

    Raises
    ------
    PluginError
        A plugin cannot be imported, or what it registers is broken; the message names it.
    """
    if not paths:
        return installed_plugins()
    resolved = [Path(path).expanduser().resolve() for path in paths]
    files = [_from_file(path) for path in dict.fromkeys(resolved)]
    return load_plugins([*_installed(), *files])


def installed_plugins() -> Plugins:
    """Return the built-ins and what installed packages bring by the entry point group "dcgraph".

    The environment variable DCGRAPH_PLUGINS, names with commas between, limits which of those are
    loaded; empty, none is.

    Raises
    ------
    PluginError
        An installed plugin is broken, or the variable names one that is not there.
    """
    return _cached(os.environ.get(VARIABLE), tuple(sys.path))


@lru_cache(maxsize=4)
def _cached(limit: str | None, path: tuple[str, ...]) -> Plugins:
    # what can be found depends on nothing but these two
    return load_plugins(list(_installed()))


def _installed() -> Iterator[Plugin]:
    found = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    limit = os.environ.get(VARIABLE)
    if limit is not None:
        wanted = [name.strip() for name in limit.split(",") if name.strip()]
        names = [point.name for point in found]
        for name in wanted:
            if name not in names:
                message = (
                    f"{VARIABLE} names '{name}', which is no installed plugin"
                    f"{nearest(name, names)} (installed: {', '.join(names) or 'none'})"
                )
                raise PluginError(message)
        found = [point for point in found if point.name in wanted]
    for point in found:
        yield _from_entry_point(point)


def _from_entry_point(point: EntryPoint) -> Plugin:
    package, version = "an unknown package", None
    if point.dist is not None:
        package, version = f"package {point.dist.name}", point.dist.version
    try:
        content = point.load()
    except (Exception, SystemExit) as error:
        message = (
            f"plugin '{point.name}' of {package} cannot be imported from {point.value}: "
            f"{type(error).__name__}: {error}; update or remove the package, or set {VARIABLE} to "
            "the names of the plugins to load"
        )
        raise PluginError(message) from error
    return Plugin(point.name, point.name, version, package, content)


def _from_file(path: Path) -> Plugin:
    module = _import(path)
    version = getattr(module, "__version__", None)
    return Plugin(
        path.stem, str(path), version if isinstance(version, str) else None, str(path), module
    )


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
