"""Mappings of a graph file to validated settings objects; pydantic's errors in our own words."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import lru_cache
from inspect import get_annotations
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from dcgraph.errors import RequestError
from dcgraph.graph.document import Place, a, is_key, shown
from dcgraph.graph.faults import Faults
from dcgraph.graph.wording import Schema, expectation
from dcgraph.plugin.registry import Registry, nearest
from dcgraph.spec import Spec

Settings = TypeVar("Settings", bound=Spec)


def keys_of(kind: type[Spec]) -> list[str]:
    """Return the keys a graph file may use for a settings class, its own before inherited ones."""
    names = [name for base in kind.__mro__ for name in get_annotations(base)]
    fields = {name: kind.model_fields[name] for name in names if name in kind.model_fields}
    return [field.alias or name for name, field in fields.items() if field.exclude is not True]


def as_mapping(value: Any, key: str = "type") -> Any:
    """Return ``{key: value}`` for a bare text: ``optimizer: sgd`` means ``{type: sgd}``."""
    return {key: value} if isinstance(value, str) else value


def settings(
    kind: type[Settings],
    given: dict[str, Any],
    place: Place,
    faults: Faults,
    *,
    what: str,
    others: Collection[str] = (),
) -> Settings | None:
    """Return a validated settings object, or None where something is wrong.

    Parameters
    ----------
    given : dict
        Keys and values, without those that choose the class.
    what : str
        How messages call the thing, for example ``"a 'gmm' node"``.
    others : collection of str
        Keys that stand beside these and are read elsewhere; only for suggestions.
    """
    known = keys_of(kind)
    unknown = [key for key in given if key not in known]
    for key in unknown:
        choices = [*known, *others]
        listed = f"keys: {', '.join(choices)}" if choices else "it has none"
        message = f"{what} has no key '{key}'{nearest(key, choices)} ({listed})"
        faults.add((*place, key), message)
    rest = {key: value for key, value in given.items() if key in known}
    try:
        # As JSON: a list will do for a tuple, a text for a path, and all else is strict.
        made = kind.model_validate_json(json.dumps(rest))
    except ValidationError as error:
        _reword(error, kind, rest, place, faults, what)
        return None
    return None if unknown else made


def chosen(
    registry: Registry[type[Settings]],
    value: Any,
    place: Place,
    faults: Faults,
    *,
    key: str = "type",
) -> tuple[type[Settings], dict[str, Any]] | None:
    """Return the class that ``{type: NAME, ...}`` names, and the other keys; None without one."""
    bare = isinstance(value, str)
    value = as_mapping(value, key)
    if not isinstance(value, dict):
        message = f"expected the name of {a(registry.kind)} or a mapping, received {shown(value)}"
        faults.add(place, message)
        return None
    name = value.get(key)
    if key not in value:
        faults.add((*place, key), f"the key '{key}' is missing: one of {', '.join(registry)}")
        return None
    if not isinstance(name, str) or not is_key(name):
        message = f"expected the name of {a(registry.kind)}, received {shown(name)}"
        faults.add((*place, key), message)
        return None
    try:
        found = registry[name]
    except RequestError as error:
        faults.add(place if bare else (*place, key), error.problem.message)
        return None
    return found, {other: item for other, item in value.items() if other != key}


def plugin_settings(
    registry: Registry[type[Settings]], value: Any, place: Place, faults: Faults
) -> Settings | None:
    """Return the settings object that ``{type: NAME, ...}`` or a bare NAME asks for."""
    choice = chosen(registry, value, place, faults)
    if choice is None:
        return None
    kind, rest = choice
    name = as_mapping(value)["type"]
    return settings(kind, rest, place, faults, what=f"{registry.kind} '{name}'")


@lru_cache(maxsize=256)
def _schema(kind: type[Spec]) -> Schema:
    try:
        return kind.model_json_schema()
    except PydanticInvalidForJsonSchema:
        return {}  # a plugin's field of a type JSON has no word for


def _reword(
    error: ValidationError,
    kind: type[Spec],
    given: dict[str, Any],
    place: Place,
    faults: Faults,
    what: str,
) -> None:
    """Add one problem for each field that is wrong."""
    told: set[Place] = set()
    schema = _schema(kind)
    for detail in error.errors(include_url=False):
        path = _path(detail["loc"], given)
        if path in told:
            continue
        told.add(path)
        if detail["type"] == "missing" and len(detail["loc"]) == 1:
            key = str(detail["loc"][0])
            expected = _expected(schema, (key,))
            faults.add(
                (*place, key),
                f"{what} needs the key '{key}'" + (f": {expected}" if expected else ""),
            )
            continue
        received = given
        for part in path:
            received = received[part]  # type: ignore[index]
        expected = _expected(schema, path)
        if detail["type"] == "extra_forbidden":  # in a mapping that is a value itself
            keys = list(_inner(schema, path[:-1]).get("properties", {}))
            listed = f"{nearest(str(path[-1]), keys)} (keys: {', '.join(keys)})"
            message = f"`{path[-2]}` has no key '{path[-1]}'{listed}"
        elif detail["type"] == "value_error" or not expected:
            message = f"{detail['msg'].removeprefix('Value error, ')}, received {shown(received)}"
        else:
            message = f"expected {expected}, received {shown(received)}"
        faults.add((*place, *path), message)


def _path(location: tuple[int | str, ...], given: Any) -> Place:
    """Return the keys of the field an error is about: pydantic's location, less what it adds."""
    path: list[str] = []
    for part in location:
        if not isinstance(part, str) or not isinstance(given, dict) or part not in given:
            break
        path.append(part)
        given = given[part]
    return tuple(path)


def _expected(schema: Schema, path: Place) -> str:
    inner = _inner(schema, path)
    return expectation(inner, schema.get("$defs", {})) if inner else ""


def _inner(schema: Schema, path: Place) -> Schema:
    """Return the schema of what stands at a path; an empty one where nothing is known of it."""
    definitions = schema.get("$defs", {})
    for part in path:
        inner = schema.get("properties", {}).get(part, schema.get("additionalProperties"))
        if not isinstance(inner, dict):
            return {}
        schema = inner
        if "$ref" in schema:
            schema = definitions[schema["$ref"].rpartition("/")[2]]
    return schema
