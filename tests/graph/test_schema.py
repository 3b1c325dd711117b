from __future__ import annotations

import json
import re
from typing import Any

import pytest

from dcgraph.graph.load import load_graph
from dcgraph.graph.schema import json_schema
from dcgraph.graph.sections import TOP_KEYS
from dcgraph.graph.shipped import shipped_graphs
from dcgraph.plugin.manager import built_in_plugins

SCHEMA = json_schema()


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Return whether a value fits, as far as the keywords go that the schema uses."""
    if "$ref" in schema:
        return fits(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    if "const" in schema and value != schema["const"]:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "anyOf" in schema and not any(fits(value, choice) for choice in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(fits(value, choice) for choice in schema["oneOf"]) != 1:
        return False
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "null": type(None),
        "integer": int,
        "number": (int, float),
    }
    kind = schema.get("type")
    if kind and not isinstance(value, kinds[kind]):
        return False
    if kind in ("integer", "number"):
        return (
            not isinstance(value, bool)
            and value >= schema.get("minimum", value)
            and value <= schema.get("maximum", value)
        )
    if kind == "array":
        items = schema.get("prefixItems") or [schema.get("items", {})] * len(value)
        return len(items) == len(value) and all(map(fits, value, items))
    if kind == "object":
        if not set(schema.get("required", ())) <= set(value):
            return False
        return all(fits_under(key, item, schema) for key, item in value.items())
    return True


def fits_under(key: str, item: Any, schema: dict[str, Any]) -> bool:
    """Return whether a value fits under its key in a mapping."""
    if key in schema.get("properties", {}):
        return fits(item, schema["properties"][key])
    for pattern, inner in schema.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return fits(item, inner)
    other = schema.get("additionalProperties", {})
    return other is not False and fits(item, other)


@pytest.mark.parametrize("name", [*shipped_graphs(), "F(3x2,1)-G(25)-P(2,ceil)-F(2)-G(16)-C(10)"])
def test_expanded_graphs_fit(name: str) -> None:
    assert fits(dict(load_graph(name).document), SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"nam": "x"},
        {"nodes": {"image": {"type": "inputt", "shape": [8, 8, 1]}}},
        {"nodes": {"image": {"type": "input", "shape": [8, 8]}}},
        {"nodes": {"1": {"type": "input", "shape": [8, 8, 1]}}},
        {"nodes": {"g": {"type": "gmm", "components": 0}}},
        {"nodes": {"g": {"type": "gmm", "components": 4, "sampling": {}}}},
        {"nodes": {"f": {"type": "folding", "kernel": 3, "optimizer": "em"}}},
        {"nodes": {"g": {"type": "gmm", "components": 4, "optimizer": {"type": "em", "rho": 1}}}},
        {"data": {"source": "minst"}},
        {"train": {"epoch": 1}},
        {"sampling": {"g": {"topp": 1}}},
        {"forward": "a -> b"},
    ],
)
def test_wrong_graphs_do_not_fit(change: dict[str, Any]) -> None:
    sound = dict(load_graph("quickstart").document)
    assert fits(sound, SCHEMA)
    assert not fits({**sound, **change}, SCHEMA)


@pytest.mark.parametrize("short", ["off", {"type": "off"}])
def test_bare_names_fit(short: Any) -> None:
    document = {
        "data": "digits",
        "nodes": {"g": {"type": "gmm", "components": 4, "annealing": short, "optimizer": "sgd"}},
        "forward": ["a -> b"],
    }
    assert fits(document, SCHEMA)


def test_it_knows_every_key_and_every_registered_type() -> None:
    assert set(SCHEMA["properties"]) == set(TOP_KEYS)
    text = json.dumps(SCHEMA)
    plugins = built_in_plugins()
    for registry in (plugins.layers, plugins.optimizers, plugins.annealing, plugins.sources):
        assert all(f'"const": "{name}"' in text for name in registry)
