"""A graph as YAML text that people read: chains, and small mappings on one line."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter

from dcgraph.graph.graph import Graph

WIDTH = 100


def to_yaml(graph: Graph) -> str:
    """Return the expanded graph file; read again, it yields an equal graph."""
    return document_yaml(graph.document)


def document_yaml(document: Mapping[str, Any]) -> str:
    """Return a document's mapping as YAML text."""
    yaml = YAML(typ="rt", pure=True)
    yaml.Representer = _Representer
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    styled = CommentedMap()
    for i, (key, value) in enumerate(document.items()):
        styled[key] = _styled(value, depth=1)
        if i and isinstance(value, dict | list):
            styled.yaml_set_comment_before_after_key(key, before="\n")
    stream = StringIO()
    yaml.dump(styled, stream)
    return stream.getvalue()


class _Representer(RoundTripRepresenter):
    """Writes null as null, where ruamel leaves it out."""


def _null(representer: Any, value: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


_Representer.add_representer(type(None), _null)


def _styled(value: Any, depth: int) -> Any:
    """Return a copy that ruamel writes in flow style where it holds scalars alone."""
    if isinstance(value, Mapping):
        mapping = CommentedMap({key: _styled(item, depth + 1) for key, item in value.items()})
        nested = any(isinstance(item, Mapping) for item in value.values())
        if depth > 1 and not nested:
            mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list):
        items = CommentedSeq(_styled(item, depth + 1) for item in value)
        if not any(isinstance(item, str) for item in value):
            items.fa.set_flow_style()
        return items
    return value
