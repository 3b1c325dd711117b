"""The `nodes:` and `sampling:` sections: from mappings to layers, before they are connected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dcgraph.contracts.layer import Layer, Sampling, TrainableLayer
from dcgraph.contracts.merge import Merge
from dcgraph.graph.document import a, shown
from dcgraph.graph.edges import NAME
from dcgraph.graph.faults import Faults
from dcgraph.graph.settings import chosen, keys_of, plugin_settings, settings
from dcgraph.plugin.manager import Plugins
from dcgraph.plugin.registry import nearest

RESERVED = ("train", "data", "sampling")
MAX_NODES = 500
LEARNING_KEYS = ("optimizer", "annealing", "delay", "trainable")


@dataclass
class Draft:
    """A node on its way.

    Attributes
    ----------
    given : dict
        Its mapping in the file.
    kind : type of Layer or None
        None: its type is not known.
    layer : Layer or None
        None: something is wrong with its settings.
    merge : Merge or None
    """

    name: str
    given: dict[str, Any]
    kind: type[Layer] | None = None
    layer: Layer | None = None
    merge: Merge | None = None

    @property
    def is_input(self) -> bool:
        """Whether images enter here."""
        return self.kind is not None and self.kind.inputs[1] == 0 and self.kind.feeds == "images"

    @property
    def title(self) -> str:
        """What messages call it."""
        return a(f"'{self.kind.type}' node") if self.kind else "the node"


def node_keys(kind: type[Layer]) -> list[str]:
    """Return all keys a node of this type may have."""
    learning = ["optimizer", "annealing"] if issubclass(kind, TrainableLayer) else []
    return ["type", *keys_of(kind), *learning, "merge"]


def sampling_type(kind: type[Layer]) -> type[Sampling]:
    """Return the class of a layer type's sampling settings."""
    annotation = kind.model_fields["sampling"].annotation
    return annotation if isinstance(annotation, type) else Sampling


def read_nodes(plugins: Plugins, faults: Faults) -> dict[str, Draft]:
    """Return the drafts of all nodes, in the order of the file."""
    data = faults.document.data
    if "nodes" not in data:
        faults.add(
            ("nodes",),
            "the key 'nodes' is missing: it maps names to nodes, as in "
            "{image: {type: input, shape: [28, 28, 1]}}",
        )
        return {}
    value = data["nodes"]
    if not isinstance(value, dict) or not value:
        message = (
            "expected a mapping of names to nodes, as in {image: {type: input, shape: [28, 28, 1]}}"
            f", received {shown(value)}"
        )
        faults.add(("nodes",), message)
        return {}
    if len(value) > MAX_NODES:
        faults.add(("nodes",), f"expected at most {MAX_NODES} nodes, received {len(value)}")
        return {}
    drafts = {}
    for name, given in value.items():
        place = ("nodes", name)
        if name in RESERVED or not NAME.fullmatch(name):
            why = (
                f"the names {', '.join(RESERVED)} are reserved"
                if name in RESERVED
                else "names are letters, digits and _, and start with a letter"
            )
            faults.add(place, f"a node cannot be called {shown(name)}: {why}")
        draft = Draft(name, given if isinstance(given, dict) else {})
        drafts[name] = draft
        if isinstance(given, dict):
            _read_node(draft, plugins, faults)
        else:
            message = f"expected a mapping with the key 'type', received {shown(given)}"
            faults.add(place, message)
    known = all(draft.kind for draft in drafts.values())
    if known and not any(draft.is_input for draft in drafts.values()):
        message = "no node takes images: add one, as in image: {type: input, shape: [28, 28, 1]}"
        faults.add(("nodes",), message)
    return drafts


def _read_node(draft: Draft, plugins: Plugins, faults: Faults) -> None:
    place = ("nodes", draft.name)
    choice = chosen(plugins.layers, draft.given, place, faults)
    if choice is None:
        return
    draft.kind, rest = choice
    kind = draft.kind
    own = {}
    sound = True
    for key, value in rest.items():
        if key in keys_of(kind):
            own[key] = value
        elif key == "merge":
            draft.merge = plugin_settings(plugins.merges, value, (*place, key), faults)
        elif key in LEARNING_KEYS and not issubclass(kind, TrainableLayer):
            faults.add((*place, key), f"{draft.title} does not learn: remove '{key}'")
            sound = False
        elif key == "sampling":
            message = f"sampling settings stand at the top: write sampling: {{{draft.name}: ...}}"
            faults.add((*place, key), message)
            sound = False
        elif key not in LEARNING_KEYS:
            own[key] = value  # unknown: `settings` says so
    others = [key for key in node_keys(kind) if key not in keys_of(kind)]
    layer = settings(kind, own, place, faults, what=draft.title, others=others)
    draft.layer = layer if sound else None


def read_sampling(drafts: dict[str, Draft], faults: Faults) -> None:
    """Give every draft's layer its settings from the `sampling:` section."""
    value = faults.document.data.get("sampling")
    if value is None:
        return
    if not isinstance(value, dict):
        message = (
            "expected a mapping of nodes to settings, as in {gmm1: {top: 1}}, received "
            f"{shown(value)}"
        )
        faults.add(("sampling",), message)
        return
    for name, given in value.items():
        place = ("sampling", name)
        draft = drafts.get(name)
        if draft is None:
            message = f"unknown node '{name}'{nearest(name, list(drafts))}"
            faults.add(place, message)
        elif not isinstance(given, dict):
            faults.add(place, f"expected a mapping of settings, received {shown(given)}")
        elif draft.kind is not None:
            what = f"the sampling of {draft.title}"
            made = settings(sampling_type(draft.kind), given, place, faults, what=what)
            if made is not None and draft.layer is not None:
                draft.layer = draft.layer.model_copy(update={"sampling": made})
