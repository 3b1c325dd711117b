"""The graphs and studies that come with the package, found by name."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = (".yaml", ".yml")
STUDIES = "studies"  # their folder, among the graphs


def shipped_folder() -> Path | None:
    """Return where the graphs are: in the package once installed, beside it in a checkout."""
    package = Path(__file__).parents[1]
    if (package / "graphs").is_dir():
        return package / "graphs"
    beside = package.parent / "graphs"
    return beside if (package.parent / "pyproject.toml").is_file() else None


def shipped_graphs() -> dict[str, Path]:
    """Return the files by name: ``dcgmm_e``, ``paper/dcgmm_e``."""
    return {name: path for name, path in _named("").items() if not name.startswith(f"{STUDIES}/")}


def shipped_studies() -> dict[str, Path]:
    """Return the files by name: ``outliers_mnist``."""
    return _named(STUDIES)


def _named(folder: str) -> dict[str, Path]:
    top = shipped_folder()
    if top is None:
        return {}
    return {
        path.relative_to(top / folder).with_suffix("").as_posix(): path
        for path in sorted((top / folder).rglob("*"))
        if path.suffix in SUFFIXES
    }
