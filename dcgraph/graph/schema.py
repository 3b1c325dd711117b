"""The JSON schema of graph files, for editors that complete and check while one types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.graph.drafts import sampling_type
from dcgraph.graph.edges import NAME
from dcgraph.graph.specs import DataSettings, TrainSettings
from dcgraph.plugin.load import installed_plugins
from dcgraph.plugin.manager import Plugins

Schema = dict[str, Any]


def json_schema(plugins: Plugins | None = None) -> Schema:
    """Return the JSON schema (draft 2020-12) of a graph file.

    Parameters
    ----------
    plugins : Plugins, optional
        What types files may name; the built-ins and what is installed if absent.
    """
    plugins = installed_plugins() if plugins is None else plugins
    registries = (
        plugins.layers,
        plugins.optimizers,
        plugins.annealing,
        plugins.merges,
        plugins.sources,
    )
    kinds = [kind for registry in registries for _, kind in registry.items()]
    samplings = list(dict.fromkeys(sampling_type(kind) for _, kind in plugins.layers.items()))
    models = _Models([*kinds, *samplings, DataSettings, TrainSettings])
    optimizer, annealing, merge = (
        _choice([models.tagged(kind, "type") for _, kind in registry.items()], list(registry))
        for registry in (plugins.optimizers, plugins.annealing, plugins.merges)
    )
    data = [
        models.tagged(kind, "source", models.properties(DataSettings))
        for _, kind in plugins.sources.items()
    ]
    train = {**models.properties(TrainSettings), "optimizer": optimizer, "annealing": annealing}
    nodes = []
    for _, kind in plugins.layers.items():
        extra = {"merge": merge}
        if issubclass(kind, TrainableLayer):
            extra |= {"optimizer": optimizer, "annealing": annealing}
        nodes.append(models.tagged(kind, "type", extra))
    chain = {"type": "string", "pattern": "->", "examples": ["image -> fold1 -> gmm1"]}
    chains = {"type": "array", "items": chain}
    properties = {
        "name": {"type": "string"},
        "plugins": {"type": "array", "items": {"type": "string"}},
        "data": _choice(data, list(plugins.sources)),
        "nodes": _named({"oneOf": nodes}),
        "forward": chains,
        "control": chains,
        "train": _object(train),
        "sampling": _named({"anyOf": [models.referred(kind) for kind in samplings]}),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dcgraph graph file",
        **_object(properties, required=("nodes", "forward")),
        "$defs": models.definitions,
    }


class _Models:
    """The schemas of settings classes, with definitions in common."""

    def __init__(self, kinds: Sequence[type[BaseModel]]) -> None:
        mode: JsonSchemaMode = "validation"
        references, schema = models_json_schema([(kind, mode) for kind in kinds])
        self.definitions: Schema = schema.get("$defs", {})
        self._references = {kind: references[kind, mode] for kind in kinds}

    def referred(self, kind: type[BaseModel]) -> Schema:
        return dict(self._references[kind])

    def properties(self, kind: type[BaseModel]) -> Schema:
        name = self._references[kind]["$ref"].rsplit("/", 1)[-1]
        return dict(self.definitions[name].get("properties", {}))

    def tagged(self, kind: Any, key: str, extra: Schema | None = None) -> Schema:
        """Return the schema of a mapping whose `key` names the class."""
        name = self._references[kind]["$ref"].rsplit("/", 1)[-1]
        own = self.definitions[name]
        properties = {name: item for name, item in own["properties"].items() if name != "sampling"}
        tag = {key: {"const": kind.type}}
        required = (key, *own.get("required", ()))
        schema = _object({**tag, **properties, **(extra or {})}, required=required)
        return {**schema, "description": own.get("description", "").partition("\n")[0]}


def _object(properties: Schema, required: Sequence[str] = ()) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _named(values: Schema) -> Schema:
    """Return the schema of a mapping from names of nodes."""
    pattern = f"^{NAME.pattern}$"
    return {"type": "object", "patternProperties": {pattern: values}, "additionalProperties": False}


def _choice(mappings: Sequence[Schema], names: Sequence[str]) -> Schema:
    """Return the schema of ``{type: NAME, ...}`` or a bare NAME."""
    return {"anyOf": [{"enum": list(names)}, {"oneOf": list(mappings)}]}
