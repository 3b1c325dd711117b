"""What a settings class expects of a field, in words: read off its JSON schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_NAMES = {
    "integer": "an integer",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a mapping",
}
_BOUNDS = (
    ("exclusiveMinimum", ">"),
    ("minimum", ">="),
    ("exclusiveMaximum", "<"),
    ("maximum", "<="),
)


def expectation(schema: Schema, definitions: Schema) -> str:
    """Return what a value must be, for example ``"an integer >= 1"``."""
    if "$ref" in schema:
        schema = definitions.get(schema["$ref"].rsplit("/", 1)[-1], {})
    if "const" in schema:
        return f"'{schema['const']}'"
    if "enum" in schema:
        return " or ".join(f"'{choice}'" for choice in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(expectation(choice, definitions) for choice in schema["anyOf"])
    kind = schema.get("type", "")
    if kind == "array":
        return _list(schema, definitions)
    bounds = " and ".join(f"{sign} {schema[key]}" for key, sign in _BOUNDS if key in schema)
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"a mapping to {_plural(expectation(schema['additionalProperties'], definitions))}"
    return " ".join(part for part in (_NAMES.get(kind, "another value"), bounds) if part)


def _list(schema: Schema, definitions: Schema) -> str:
    items = schema.get("prefixItems") or [schema.get("items", {})]
    each = _plural(expectation(items[0], definitions)) if items[0] else "values"
    count = f"{len(items)} " if "prefixItems" in schema else ""
    return f"a list of {count}{each}"


def _plural(text: str) -> str:
    for one, many in (("an integer", "integers"), ("a number", "numbers"), ("a text", "texts")):
        if text.startswith(one):
            return many + text[len(one) :]
    return text
