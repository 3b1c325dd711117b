"""The fenced blocks of README and of every page in `docs`, and the commands in them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
SHELL = ("sh", "console", "bash")

_BLOCK = re.compile(r"(?:^<!-- ([^>]*) -->\n)?^( *)```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes
    ----------
    page : str
        Name of the file.
    line : int
    mark : str
        What the comment right above says: "run", "file: NAME", "exits 2"; else empty.
    language : str
    text : str
    """

    page: str
    line: int
    mark: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The commands of a shell block, one line each, without comments.

        A line with ``...`` in it is a form to fill in, and no command.
        """
        joined = self.text.replace("\\\n", " ")
        lines = (shlex.split(line, comments=True) for line in joined.splitlines())
        return [_shown(words) for words in lines if words and "..." not in words]


def _shown(words: list[str]) -> str:
    """Return words as one line that a shell splits again; operators and patterns stay."""
    bare = re.compile(r"&&|\|\||\*|=\S*\*|[\w./*$?=:-]+")
    return " ".join(word if bare.fullmatch(word) else shlex.quote(word) for word in words)


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page.relative_to(ROOT).as_posix().removeprefix("docs/"),
            text[: match.start(3)].count("\n") + 1,
            match[1] or "",
            match[3],
            re.sub(rf"^{match[2]}", "", match[4], flags=re.MULTILINE),
        )
        for match in _BLOCK.finditer(text)
    ]
