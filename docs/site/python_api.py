"""The pages of the Python interface: what the package and `dcgraph.api` offer, from docstrings."""

from __future__ import annotations

import dcgraph
from dcgraph import api

HEADS = {
    "python": "# Python\n\nEverything here is imported from `dcgraph`.\n",
    "plugin-interface": (
        "# Plugin interface\n\nWhat plugin authors import, all of it from `dcgraph.api`; how it is "
        "used stands in [the guide](../plugins.md).\n"
    ),
}


def pages() -> dict[str, str]:
    """Return the pages, as Markdown with mkdocstrings' directives."""
    # `dcgraph` imports what it offers when it is asked for, so those are named where they stand
    offered = [getattr(dcgraph, name) for name in dcgraph.__all__ if not name.startswith("_")]
    places = {
        "python": [f"{item.__module__}.{item.__name__}" for item in offered],
        "plugin-interface": [f"dcgraph.api.{name}" for name in sorted(api.__all__, key=str.lower)],
    }
    return {
        f"reference/{name}.md": HEADS[name] + "".join(_directive(each) for each in found)
        for name, found in places.items()
    }


def _directive(place: str) -> str:
    return f"\n::: {place}\n    options:\n      inherited_members: true\n"
