"""Which optimizer and which annealing schedule a node gets."""

from __future__ import annotations

from typing import Any

from dcgraph.contracts.annealing import Annealing
from dcgraph.contracts.layer import TrainableLayer
from dcgraph.contracts.optimizer import Optimizer
from dcgraph.graph.drafts import Draft
from dcgraph.graph.faults import Faults
from dcgraph.graph.settings import plugin_settings
from dcgraph.graph.specs import TrainSpec
from dcgraph.plugin.manager import Plugins

NO_ANNEALING = "off"


def read_learning(
    draft: Draft, train: TrainSpec, plugins: Plugins, faults: Faults
) -> tuple[Optimizer | None, Annealing | None]:
    """Return optimizer and annealing schedule of a node; None, None for one that does not learn.

    The optimizer is the node's own, else that of `train` if the layer offers what it needs, else
    the layer's default. The schedule is the node's own, else that of `train`, else the one the
    optimizer asks for; a layer without components to smooth has none.
    """
    layer = draft.layer
    if not isinstance(layer, TrainableLayer):
        return None, None
    optimizer = _optimizer(draft, layer, train, plugins, faults)
    own = _own(draft, "annealing", plugins.annealing, faults)
    if not layer.trainable or optimizer is None:
        return None, None
    if own is None and "annealing" in draft.given:
        return None, None
    return optimizer, _annealing(draft, layer, own or train.annealing, optimizer, plugins, faults)


def _own(draft: Draft, key: str, registry: Any, faults: Faults) -> Any:
    """Return what the node names under a key; None where it names nothing, or nothing sound."""
    if key not in draft.given:
        return None
    return plugin_settings(registry, draft.given[key], ("nodes", draft.name, key), faults)


def _optimizer(
    draft: Draft, layer: TrainableLayer, train: TrainSpec, plugins: Plugins, faults: Faults
) -> Optimizer | None:
    if "optimizer" in draft.given:
        own: Optimizer | None = _own(draft, "optimizer", plugins.optimizers, faults)
        if own is not None and own.needs not in layer.offers:
            fitting = [
                name for name, kind in plugins.optimizers.items() if kind.needs in layer.offers
            ]
            message = (
                f"optimizer '{own.type}' cannot train {draft.title}, which offers no "
                f"'{own.needs}': use {' or '.join(fitting) or 'another layer'}"
            )
            faults.add(("nodes", draft.name, "optimizer"), message)
            return None
        return own
    if train.optimizer.needs in layer.offers:
        return train.optimizer
    place = ("nodes", draft.name)
    return plugin_settings(plugins.optimizers, dict(layer.default_optimizer), place, faults)


def _annealing(
    draft: Draft,
    layer: TrainableLayer,
    wanted: Annealing | None,
    optimizer: Optimizer,
    plugins: Plugins,
    faults: Faults,
) -> Annealing | None:
    place = ("nodes", draft.name)
    if wanted is None:
        default = dict(optimizer.default_annealing)
        wanted = plugin_settings(plugins.annealing, default, place, faults)
    if wanted is None or not wanted.smooths:
        return wanted
    try:
        width = layer.annealing_width()
    except ValueError as error:
        faults.add_settings(place, str(error))
        return None
    if width > 0:
        return wanted
    if "annealing" in draft.given:
        message = f"{draft.title} has no components to smooth: remove 'annealing'"
        faults.add((*place, "annealing"), message)
    return plugins.annealing[NO_ANNEALING]()
