"""Chains ``a -> b -> c`` to edges and back, and what must hold for the edges of one kind."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dcgraph.graph.document import Place, is_key, shown
from dcgraph.graph.faults import Faults
from dcgraph.plugin.registry import nearest

if TYPE_CHECKING:
    import networkx as nx

Edge = tuple[str, str]
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def read_edges(kind: str, value: Any, nodes: Collection[str], faults: Faults) -> dict[Edge, Place]:
    """Return the edges of a list of chains, in order, and where each is written.

    Parameters
    ----------
    kind : {"forward", "control"}
    value : list of str
    nodes : collection of str
        Names edges may use.
    """
    edges: dict[Edge, Place] = {}
    if not isinstance(value, list):
        message = f"expected a list of chains, as in [a -> b -> c], received {shown(value)}"
        faults.add((kind,), message)
        return edges
    for i, chain in enumerate(value):
        place = (kind, i)
        for u, v in pairwise(_names(chain, nodes, place, faults)):
            if u is None or v is None:
                continue
            if u == v:
                faults.add(place, f"the edge {u} -> {v} joins a node to itself: remove it")
            elif (u, v) in edges:
                first = faults.document.line(edges[u, v])
                where = f", first on line {first}" if first else ""
                message = f"the edge {u} -> {v} stands here a second time{where}: remove it"
                faults.add(place, message)
            else:
                edges[u, v] = place
    return edges


def _names(chain: Any, nodes: Collection[str], place: Place, faults: Faults) -> list[str | None]:
    """Return the names in a chain, None for those that are wrong."""
    if not isinstance(chain, str):
        faults.add(place, f"expected a chain, as in a -> b -> c, received {shown(chain)}")
        return []
    names = [part.strip() for part in chain.split("->")]
    if len(names) < 2 or "" in names:
        message = f"expected a chain of at least two nodes, as in a -> b, received {shown(chain)}"
        faults.add(place, message)
        return []
    for name in names:
        if name in nodes:
            continue
        if NAME.fullmatch(name) and is_key(name):
            message = f"unknown node '{name}'{nearest(name, list(nodes))}{_listed(nodes)}"
        else:
            message = f"expected names of nodes joined by ->, received {shown(name)}"
        faults.add(place, message)
    return [name if name in nodes else None for name in names]


def _listed(nodes: Collection[str]) -> str:
    names = list(nodes)
    return f" (nodes: {', '.join(names[:20])}{', ...' if len(names) > 20 else ''})"


def chains(edges: Iterable[Edge]) -> list[str]:
    """Return chains that hold the edges: each is followed as far as it goes.

    They start where no edge leads to, as long as there is such a start.
    """
    left = dict.fromkeys(edges)
    targets = {v for _, v in left}
    starts = sorted(left, key=lambda edge: edge[0] in targets)
    onward: dict[str, list[str]] = {}
    for u, v in reversed(left):
        onward.setdefault(u, []).append(v)  # the first edge last, to be taken first
    found = []
    for start in starts:
        if start not in left:
            continue
        names = [start[0]]
        while onward.get(names[-1]):
            names.append(onward[names[-1]].pop())
            del left[names[-2], names[-1]]
        found.append(" -> ".join(names))
    return found


def edges_of(chain_list: Iterable[str]) -> list[Edge]:
    """Return the edges of chains that are known to be sound."""
    return [edge for chain in chain_list for edge in pairwise(chain.split(" -> "))]


def normal_chain(chain: Any) -> str:
    """Return a chain with single spaces."""
    return " -> ".join(part.strip() for part in str(chain).split("->"))


def check_acyclic(kind: str, edges: dict[Edge, Place], faults: Faults) -> bool:
    """Return whether edges form no cycle; one problem for each knot of cycles."""
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph(list(edges))
    sound = True
    for knot in nx.strongly_connected_components(graph):
        if len(knot) < 2:
            continue
        sound = False
        cycle = [u for u, _ in nx.find_cycle(graph.subgraph(knot))]
        start = min(range(len(cycle)), key=lambda i: list(graph).index(cycle[i]))
        cycle = cycle[start:] + cycle[:start]
        last = edges[cycle[-1], cycle[0]]
        shortened = [*cycle[:8], "...", cycle[-1]] if len(cycle) > 10 else cycle
        members = " -> ".join([*shortened, cycle[0]])
        faults.add(last, f"{kind} edges form a cycle, {members}: remove one of its edges")
    return sound


def topological_order(nodes: Sequence[str], edges: Iterable[Edge]) -> list[str]:
    """Return the nodes so that every edge leads onward; ties stand as in `nodes`."""
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    rank = {name: i for i, name in enumerate(nodes)}
    return list(nx.lexicographical_topological_sort(graph, key=rank.__getitem__))
