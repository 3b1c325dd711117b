"""The page of graph files: every key of every type, read off the settings classes."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.graph.drafts import sampling_type
from dcgraph.graph.settings import keys_of
from dcgraph.graph.specs import DataSettings, TrainSettings
from dcgraph.graph.wording import expectation
from dcgraph.plugin.manager import built_in_plugins
from dcgraph.spec import Spec

HEAD = """# Graph files

A graph file is YAML 1.2: a mapping with the sections below. `dcgraph check FILE` tells every
problem of one, each with its line; `dcgraph check FILE --yaml` prints it with all defaults written
out; `dcgraph check --schema` prints the JSON schema, for editors; `dcgraph new FILE` writes one to
begin with. This page is made from the same classes that check files.

| section | |
|---|---|
| `name` | the model file is called after it; by default, as the graph file |
| `plugins` | names or paths of plugins that the graph needs |
| `data` | what is learned from |
| `nodes` | a mapping from names to nodes; names are letters, digits and `_`, a letter first |
| `forward` | chains, `a -> b -> c`: where activities go up; a node's inputs are in their order |
| `control` | chains: where control goes down; by default `forward` reversed, if clear |
| `train` | how it is trained |
| `sampling` | a mapping from nodes to their settings on the way down |

Where a setting takes a type (`optimizer`, `annealing`, `merge`), `{type: em, rho_min: 0.05}` and a
bare `em` are both understood. `--set node.key=value` changes any of them for one run, as do
`--set train.key=value` and `--set data.key=value`.

The paper's notation is accepted wherever a file is: `F(f,s)` a folding, `P(f,s)` or `P(f,s,ceil)` a
max-pooling, `G(K)` a mixture, `C(S)` a classifier, joined by `-`; `f` and `s` are an integer or
`hxw`.
"""


def page() -> str:
    """Return the page, as Markdown."""
    plugins = built_in_plugins()
    parts = [HEAD, "## data\n", *_table(DataSettings)]
    for name, source in plugins.sources.items():
        parts += [f"### source: {name}\n", source.info.summary + ".\n", *_table(source)]
    parts += ["## nodes\n"]
    for name, layer in plugins.layers.items():
        parts += [f"### type: {name}\n", *_introduced(layer)]
        if issubclass(layer, TrainableLayer):
            parts.append("Beside these, `optimizer` and `annealing`, in place of the graph's.\n")
        sampling = sampling_type(layer)
        if keys_of(sampling):
            parts += ["In the section `sampling`:\n", *_table(sampling)]
    parts += ["## train\n", *_table(TrainSettings)]
    parts.append("Beside these, `optimizer` and `annealing`: of every node that names none.\n")
    for title, registry in (
        ("optimizer", plugins.optimizers),
        ("annealing", plugins.annealing),
        ("merge", plugins.merges),
    ):
        parts.append(f"## {title}\n")
        for name, kind in registry.items():
            parts += [f"### {title}: {name}\n", *_introduced(kind)]
    return "\n".join(parts)


def _introduced(kind: type[Spec]) -> Iterator[str]:
    text, _ = described(kind)
    yield text + "\n"
    yield from _table(kind)


def _table(kind: type[Spec]) -> Iterator[str]:
    keys = keys_of(kind)
    if not keys:
        yield "It has no keys.\n"
        return
    schema = kind.model_json_schema()
    texts: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, Spec):
            texts |= described(base)[1]
    rows = ["| key | | default | |", "|---|---|---|---|"]
    for key in keys:
        own = schema["properties"][key]
        expected = expectation(own, schema.get("$defs", {}))
        default = "needed" if key in schema.get("required", ()) else f"`{_default(kind, key)}`"
        rows.append(f"| `{key}` | {expected} | {default} | {texts.get(key, '')} |")
    yield "\n".join(rows) + "\n"


def _default(kind: type[Spec], key: str) -> str:
    """Return a key's default as a graph file would write it."""
    fields = {field.alias or name: field for name, field in kind.model_fields.items()}
    value = fields[key].get_default(call_default_factory=True)
    return json.dumps(value, default=dict)


def described(kind: type[Any]) -> tuple[str, dict[str, str]]:
    """Return a class's docstring without its sections, and what it says of each attribute."""
    text = inspect.cleandoc(kind.__doc__ or "")
    head, _, section = text.partition("\nAttributes\n----------\n")
    section = re.split(r"\n\w[\w ]*\n---+\n", section)[0]
    found: dict[str, str] = {}
    names: Sequence[str] = ()
    for line in section.splitlines():
        if line and not line.startswith(" "):
            listed, _, meaning = line.partition(" : ")
            names = [name.strip() for name in listed.split(",")]
            found |= dict.fromkeys(names, meaning if meaning.startswith("(") else "")
        else:
            for name in names:
                found[name] = f"{found[name]} {line.strip()}".strip()
    return head.strip(), {name: text.replace("|", "\\|") for name, text in found.items()}
