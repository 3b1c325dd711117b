"""A graph file as read: plain values, and where each of them was written.

Nothing here knows what the keys mean. `reader` makes documents from YAML text, `notation` from the
paper's notation, `from_mapping` from what a program holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import index
from pathlib import PurePath
from typing import Any

from dcgraph.errors import GraphError, Problem

Place = tuple[str | int, ...]  # keys and list positions from the top of the file

MAX_DEPTH = 16
MAX_VALUES = 30_000
MAX_NUMBER = 10**80
MAX_KEY = 100
SHOWN = 60
NOT_UNICODE = "a text holds half a surrogate pair, which is no character"


@dataclass
class Document:
    """Values of a graph file, and their places.

    Attributes
    ----------
    data : dict
        Mappings, lists and scalars as YAML 1.2 knows them.
    file : str or None
        None: it was not read from a file.
    lines : dict of Place to int
        Line of each key and list item, from 1.
    overrides : dict of Place to str
        Places whose value was given by ``--set``, and how it was written there.
    problems : list of Problem
        What reading found wrong and could step over.
    notation : bool
        Whether it was written in the paper's notation; `file` then holds that.
    """

    data: dict[str, Any]
    file: str | None = None
    lines: dict[Place, int] = field(default_factory=dict)
    overrides: dict[Place, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notation: bool = False

    def line(self, place: Place) -> int | None:
        """Return the line of a place, or of the nearest thing around it that has one."""
        for depth in range(len(place), 0, -1):
            found = self.lines.get(place[:depth])
            if found is not None:
                return found
        return None

    def override(self, place: Place) -> str | None:
        """Return the ``--set`` that gave the value at a place, or one around it."""
        for depth in range(len(place), 0, -1):
            if place[:depth] in self.overrides:
                return self.overrides[place[:depth]]
        return None

    def overrides_inside(self, place: Place) -> str | None:
        """Return the ``--set`` that gave values right below a place."""
        inside = [text for key, text in self.overrides.items() if key[:-1] == place]
        return ", ".join(dict.fromkeys(inside)) or None


def from_mapping(mapping: Mapping[str, Any], file: str | None = None) -> Document:
    """Return a document of a mapping that a program holds.

    Raises
    ------
    GraphError
        It holds what a graph file could not, or is nested too deep.
    """
    budget = [MAX_VALUES]
    return Document(_plain(mapping, (), budget, file), file)


def _plain(value: Any, place: Place, budget: list[int], file: str | None) -> Any:
    """Return a copy in plain types."""
    budget[0] -= 1
    if len(place) > MAX_DEPTH or budget[0] < 0:
        raise GraphError([Problem(too_large(deep=budget[0] >= 0), file)])
    if isinstance(value, str) and not is_unicode(value):
        raise GraphError([Problem(NOT_UNICODE, file, field=spelled(place))])
    if value is None or isinstance(value, bool | str | float):
        return float(value) if isinstance(value, float) else value
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        for key in value:
            if not is_key(key):
                message = f"expected a short text as key, received {shown(key)}"
                raise GraphError([Problem(message, file, field=spelled(place) or None)])
        return {key: _plain(item, (*place, key), budget, file) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(item, (*place, i), budget, file) for i, item in enumerate(value)]
    try:
        number = index(value)
    except TypeError:
        message = f"expected text, numbers, lists and mappings, received {type(value).__name__}"
        raise GraphError([Problem(message, file, field=spelled(place))]) from None
    if abs(number) >= MAX_NUMBER:
        message = "the number has more than 80 digits"
        raise GraphError([Problem(message, file, field=spelled(place))])
    return number


def is_unicode(text: str) -> bool:
    """Return whether a text can be written as UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def is_key(value: Any) -> bool:
    """Return whether a value may be a key: a short printable text."""
    return isinstance(value, str) and value.isprintable() and len(value) <= MAX_KEY


def too_large(*, deep: bool, noun: str = "graph file") -> str:
    """Return the message for a document beyond the limits."""
    if deep:
        return f"values are nested more than {MAX_DEPTH} deep: no {noun} needs that"
    return f"it holds more than {MAX_VALUES} values: no {noun} needs that"


def spelled(place: Place) -> str:
    """Return a place as ``--set`` spells it; list positions are left out."""
    return ".".join(str(part) for part in place if isinstance(part, str))


def subject(place: Place) -> tuple[str | None, str | None]:
    """Return the (node, field) that a place is about."""
    if len(place) < 2 or place[0] not in ("nodes", "sampling"):
        return None, spelled(place) or None
    node = str(place[1])
    if place[0] == "sampling":
        return node, spelled(("sampling", *place[2:]))
    return node, spelled(place[2:]) or None


def a(noun: str) -> str:
    """Return a noun with its article."""
    vowel = noun.lstrip("'").startswith(tuple("aeiou"))
    return f"{'an' if vowel else 'a'} {noun}"


def shown(value: Any) -> str:
    """Return a value as messages quote it, cut to a bearable length."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        text = value if len(value) <= SHOWN else value[: SHOWN - 3] + "..."
        return "'" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text) + "'"
    if isinstance(value, list):
        text = f"[{', '.join(shown(item) for item in value[:SHOWN])}]"
    elif isinstance(value, dict):
        pairs = list(value.items())[:SHOWN]
        text = f"{{{', '.join(f'{key}: {shown(item)}' for key, item in pairs)}}}"
    else:
        text = str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
