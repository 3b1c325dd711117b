"""Names to classes: one table for each kind of plugin, with "did you mean"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from dcgraph.errors import PluginError, RequestError

Item = TypeVar("Item")


def nearest(name: str, known: Iterator[str] | list[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the known name most like `name`, or nothing."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{matches[0]}'?" if matches else ""


@dataclass
class Registry(Generic[Item]):
    """The registered items of one kind, by name, and who brought each.

    Attributes
    ----------
    kind : str
        "layer", "optimizer", ...; used in messages.
    """

    kind: str
    _items: dict[str, Item] = field(default_factory=dict)
    _owners: dict[str, str] = field(default_factory=dict)

    def add(self, item: Item, owner: str) -> None:
        name = getattr(item, "type", None)
        if not isinstance(name, str) or not name:
            message = (
                f"plugin '{owner}' registers {item!r} as {self.kind}, which has no `type`: "
                "give the class a non-empty string `type`"
            )
            raise PluginError(message)
        if name in self._items:
            message = (
                f"plugin '{owner}' registers {self.kind} '{name}', which plugin "
                f"'{self._owners[name]}' has registered already: rename one of them"
            )
            raise PluginError(message)
        self._items[name] = item
        self._owners[name] = owner

    def __getitem__(self, name: str) -> Item:
        if name not in self._items:
            hint = nearest(name, list(self._items))
            more = "" if hint else "; -p FILE.py loads a plugin that brings another"
            message = (
                f"unknown {self.kind} '{name}'{hint} "
                f"(known: {', '.join(sorted(self._items))}{more})"
            )
            raise RequestError(message)
        return self._items[name]

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._items))

    def owner(self, name: str) -> str:
        """Return the name of the plugin that registered `name`."""
        return self._owners[name]

    def items(self) -> list[tuple[str, Any]]:
        return sorted(self._items.items())
