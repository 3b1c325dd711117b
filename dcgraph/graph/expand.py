"""A sound graph back to a document: every default written out, every edge listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dcgraph.graph.drafts import sampling_type
from dcgraph.graph.graph import Node
from dcgraph.graph.settings import keys_of
from dcgraph.graph.specs import DataSettings, DataSpec, TrainSettings, TrainSpec
from dcgraph.spec import Spec


def expanded(
    *,
    name: str,
    plugins: Sequence[str],
    data: DataSpec | None,
    nodes: Mapping[str, Node],
    forward: Sequence[str],
    control: Sequence[str],
    train: TrainSpec,
    merges: Mapping[str, Spec],
) -> dict[str, Any]:
    """Return the expanded document, plain values only.

    Parameters
    ----------
    forward, control : sequence of str
        Chains.
    merges : mapping of str to Merge
        What each node says of merging, needed or not.
    """
    document: dict[str, Any] = {"name": name}
    if plugins:
        document["plugins"] = list(plugins)
    if data is not None:
        document["data"] = {
            "source": data.source.type,
            **_plain(data.source),
            **_plain(data, DataSettings),
        }
    document["nodes"] = {other: _node(node, merges.get(other)) for other, node in nodes.items()}
    document["forward"] = list(forward)
    document["control"] = list(control)
    document["train"] = {**_plain(train, TrainSettings), "optimizer": _typed(train.optimizer)}
    if train.annealing is not None:
        document["train"]["annealing"] = _typed(train.annealing)
    sampling = {
        other: _plain(node.layer.sampling)
        for other, node in nodes.items()
        if sampling_type(type(node.layer)).model_fields
    }
    if sampling:
        document["sampling"] = sampling
    return document


def _node(node: Node, merge: Spec | None) -> dict[str, Any]:
    mapping = _typed(node.layer)
    if node.optimizer is not None:
        mapping["optimizer"] = _typed(node.optimizer)
    if node.annealing is not None:
        mapping["annealing"] = _typed(node.annealing)
    if merge is not None:
        mapping["merge"] = _typed(merge)
    return mapping


def _typed(spec: Any) -> dict[str, Any]:
    return {"type": spec.type, **_plain(spec)}


def _plain(spec: Spec, kind: type[Spec] | None = None) -> dict[str, Any]:
    """Return a settings object as a mapping; of a base class's fields alone, if one is given."""
    dumped = spec.model_dump(mode="json", by_alias=True)
    return {key: dumped[key] for key in keys_of(kind or type(spec))}
