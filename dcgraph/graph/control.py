"""Control edges: as given, or the reverse of the forward edges where that is unambiguous."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.graph.document import Place
from dcgraph.graph.drafts import Draft
from dcgraph.graph.edges import Edge, chains, check_acyclic, edges_of, normal_chain, read_edges
from dcgraph.graph.faults import Faults
from dcgraph.graph.forward import Forward

MAX_EXAMPLE = 400  # characters; a longer one helps nobody


def control_edges(
    drafts: Mapping[str, Draft], forward: Forward, faults: Faults
) -> tuple[list[Edge], list[str]]:
    """Return the control edges, and the chains that hold them.

    Parameters
    ----------
    drafts : mapping of str to Draft
    forward : Forward
        Without an order, nothing is looked at.
    """
    order = forward.order
    if not order:
        return [], []
    value = faults.document.data.get("control")
    if value is None:
        written = chains(_reversed(order, forward.edges))
        edges = edges_of(written)
        _check_default(drafts, order, edges, faults)
    else:
        given = read_edges("control", value, drafts, faults)
        _check_given(given, forward.edges, faults)
        edges = list(given)
        written = [normal_chain(chain) for chain in value] if isinstance(value, list) else []
        for name, sources in _sources(edges).items():
            if len(sources) > 1 and not _merges(drafts[name]):
                message = (
                    f"control signals from {' and '.join(sources[:9])} meet here: say how they "
                    "become one, as in merge: mean, or remove one of the edges"
                )
                faults.add(("nodes", name, "merge"), message)
    received = _sources(edges)
    for name, draft in drafts.items():
        if draft.merge is not None and len(received.get(name, ())) < 2:
            faults.warn(
                ("nodes", name, "merge"),
                "fewer than two control signals meet here, so that merge has no effect",
            )
    return edges, written


def _merges(draft: Draft) -> bool:
    return "merge" in draft.given


def _sources(edges: Sequence[Edge]) -> dict[str, list[str]]:
    """Return the nodes that send control signals to each node."""
    found: dict[str, list[str]] = {}
    for u, v in edges:
        found.setdefault(v, []).append(u)
    return found


def _reversed(order: Sequence[str], forward: Sequence[Edge]) -> list[Edge]:
    """Return the forward edges reversed, from the top down."""
    inputs = _sources(forward)
    return [(v, u) for v in reversed(order) for u in inputs.get(v, ())]


def _check_default(
    drafts: Mapping[str, Draft], order: Sequence[str], edges: Sequence[Edge], faults: Faults
) -> None:
    ambiguous = {
        name: sources
        for name, sources in _sources(edges).items()
        if len(sources) > 1 and not _merges(drafts[name])
    }
    if not ambiguous:
        return
    above = _density_above(drafts, order, edges)
    for name, sources in ambiguous.items():
        # The way from the highest mixture down is what samples come by.
        kept = max(sources, key=lambda source: len(above[source]))
        edges = [(u, v) for u, v in edges if v != name or u == kept]
    example = f", as in control: [{', '.join(chains(edges))}]"
    if len(example) > MAX_EXAMPLE:
        example = ""
    for name, sources in ambiguous.items():
        message = (
            f"its output goes to {' and '.join(sources[:9])}, so which of them sends it a control "
            f"signal is ambiguous: give the node merge: mean, or list the control edges{example}"
        )
        faults.add(("nodes", name), message)


def _density_above(
    drafts: Mapping[str, Draft], order: Sequence[str], edges: Sequence[Edge]
) -> dict[str, set[str]]:
    """Return, for each node, the density nodes among itself and all that lie above it."""
    above: dict[str, set[str]] = {}
    sources = _sources(edges)
    for name in reversed(order):
        kind = drafts[name].kind
        density = kind is not None and issubclass(kind, TrainableLayer) and kind.is_density
        above[name] = {name} if density else set()
        above[name].update(*(above[source] for source in sources.get(name, ())))
    return above


def _check_given(edges: dict[Edge, Place], forward: Sequence[Edge], faults: Faults) -> None:
    upward = set(forward)
    for (u, v), place in edges.items():
        if (v, u) not in upward:
            message = f"the control edge {u} -> {v} needs a forward edge {v} -> {u}"
            if (u, v) in upward:
                message += ": control runs downward, write it the other way round"
            faults.add(place, message)
    check_acyclic("control", edges, faults)
