"""What the site adds to the pages of `docs`: references made from the code, and links to files.

The pages stand in `docs` as a forge shows them. Those made here exist in the site alone.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

import command_line  # noqa: E402 - beside this file
import graph_files  # noqa: E402
import python_api  # noqa: E402

COPIED = {
    "reference/model-files.md": "dcgraph/storage/FORMAT.md",
    "reference/changes.md": "CHANGELOG.md",
}
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?://|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config: Any) -> Any:
    """Fit the navigation to the pages there are: one that it does not place is listed last."""
    docs = Path(config.docs_dir)
    config.nav = _present(config.nav, docs, {*COPIED, *_generated()})
    pages = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    others = sorted(page for page in pages - _listed(config.nav) if not page.startswith("site/"))
    config.nav += [{"More": others}] if others else []
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made from the code."""
    pages = {page: (ROOT / source).read_text() for page, source in COPIED.items()}
    for page, content in {**pages, **_generated()}.items():
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Point links at pages of the site; one to a file that has none becomes the file's name."""
    where = (ROOT / COPIED[page.file.src_uri]) if page.file.src_uri in COPIED else None
    folder = (where or Path(config.docs_dir) / page.file.src_uri).parent
    by_source = {(ROOT / source).resolve(): uri for uri, source in COPIED.items()}

    def link(match: re.Match[str]) -> str:
        text, target, anchor = match.group(1), match.group(2), match.group(3) or ""
        path = (folder / target).resolve()
        docs = Path(config.docs_dir).resolve()
        uri = by_source.get(path)
        if uri is None and path.is_relative_to(docs):
            uri = path.relative_to(docs).as_posix()
        if uri is not None and files.get_file_from_path(uri) is not None:
            depth = page.file.src_uri.count("/")
            return f"[{text}]({'../' * depth}{uri}{anchor})"
        if path.exists():
            return f"{text} (`{path.relative_to(ROOT).as_posix()}`)"
        return match.group(0)  # a dead link, which the build reports

    return _LINK.sub(link, markdown)


def _generated() -> dict[str, str]:
    return {
        "reference/graph-files.md": graph_files.page(),
        "reference/command-line.md": command_line.page(),
        **python_api.pages(),
    }


def _listed(nav: list[Any]) -> set[str]:
    """Return the pages of a navigation."""
    targets = [target for item in nav for target in item.values()]
    inner = [_listed(target) for target in targets if isinstance(target, list)]
    return {target for target in targets if isinstance(target, str)}.union(*inner)


def _present(nav: list[Any], docs: Path, generated: set[str]) -> list[Any]:
    """Return a navigation without the pages that are not there."""
    kept = []
    for item in nav:
        ((title, target),) = item.items()
        if isinstance(target, list):
            target = _present(target, docs, generated)
            if target:
                kept.append({title: target})
        elif target in generated or (docs / target).exists():
            kept.append(item)
    return kept
