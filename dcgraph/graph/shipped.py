"""The graphs that come with the package, found by name."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = (".yaml", ".yml")


def shipped_folder() -> Path | None:
    """Return where the graphs are: in the package once installed, beside it in a checkout."""
    package = Path(__file__).parents[1]
    if (package / "graphs").is_dir():
        return package / "graphs"
    beside = package.parent / "graphs"
    return beside if (package.parent / "pyproject.toml").is_file() else None


def shipped_graphs() -> dict[str, Path]:
    """Return the files by name: ``dcgmm_e``, ``paper/dcgmm_e``."""
    top = shipped_folder()
    if top is None:
        return {}
    return {
        path.relative_to(top).with_suffix("").as_posix(): path
        for path in sorted(top.rglob("*"))
        if path.suffix in SUFFIXES
    }
