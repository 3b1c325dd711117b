"""The sections of a study file, one by one; what is wrong with them becomes a problem."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePath
from typing import Any, TypeVar

from dcgraph.errors import RequestError
from dcgraph.graph.document import Place, shown
from dcgraph.graph.faults import Faults
from dcgraph.graph.sections import NAME
from dcgraph.graph.settings import as_mapping, plugin_settings, settings
from dcgraph.plugin.manager import Plugins
from dcgraph.plugin.registry import Registry, nearest
from dcgraph.spec import Spec
from dcgraph.study.anchors import anchors
from dcgraph.study.evaluations import evaluations
from dcgraph.study.spec import DataEntry, GraphEntry, Quick

LABEL = re.compile(r"[\w][\w .+()-]{0,59}")
MOST_SEEDS = 1000

Kind = TypeVar("Kind", bound=Spec)


def read_name(faults: Faults) -> str:
    """Return the study's name: as given, else that of the file."""
    document = faults.document
    if document.data.get("name") is None:
        return PurePath(document.file).stem if document.file else "study"
    name = document.data["name"]
    if isinstance(name, str) and NAME.fullmatch(name):
        return name
    message = (
        "expected a name that can be part of a folder's: letters, digits and `_ . + -`, at most "
        f"100 characters, received {shown(name)}"
    )
    faults.add(("name",), message)
    return "study"


def _labelled(value: Any, place: Place, faults: Faults) -> dict[str, Any]:
    """Return a mapping whose keys are fit to be labels of rows or columns."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        faults.add(place, f"expected a mapping of labels, received {shown(value)}")
        return {}
    for label in value:
        if not LABEL.fullmatch(label):
            message = f"a label is made of letters, digits and ` _ . + - ( )`, not {shown(label)}"
            faults.add((*place, label), message)
    return value


def entries(
    kind: type[Kind], key: str, section: str, faults: Faults, *, without: str = ""
) -> dict[str, Kind]:
    """Return labelled entries, each a mapping or a bare text that stands for its main key.

    Parameters
    ----------
    without : str
        A key that is read elsewhere.
    """
    found = {}
    for label, value in _labelled(faults.document.data.get(section), (section,), faults).items():
        entry = as_mapping(value, key)
        place: Place = (section, label)
        if not isinstance(entry, dict):
            faults.add(place, f"expected a text or a mapping, received {shown(value)}")
            continue
        plain = {name: item for name, item in entry.items() if name != without}
        made = settings(kind, plain, place, faults, what=f"an entry of `{section}`")
        if made is not None:
            found[label] = made
    return found


def read_graphs(sources: Collection[str], faults: Faults) -> dict[str, GraphEntry]:
    """Return the graphs by label, each with seeds of its own for the data that it has them for."""
    found = entries(GraphEntry, "graph", "graphs", faults, without="seeds")
    for label, entry in found.items():
        given = faults.document.data["graphs"][label]
        if isinstance(given, dict) and "seeds" in given:
            place = ("graphs", label, "seeds")
            value = given["seeds"]
            if isinstance(value, dict):
                seeds = {
                    name: read_seeds(each, (*place, name), faults) for name, each in value.items()
                }
            else:
                seeds = dict.fromkeys(sources, read_seeds(value, place, faults))
            found[label] = entry.model_copy(update={"seeds": seeds})
    return found


def read_data(plugins: Plugins, faults: Faults) -> dict[str, DataEntry]:
    """Return the data by label; the names in a list are their own labels."""
    data = faults.document.data
    value = data.get("data")
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        for index, name in enumerate(value):
            if not isinstance(name, str):
                faults.add(
                    ("data", index), f"expected the name of a source, received {shown(name)}"
                )
        names = [name for name in value if isinstance(name, str)]
        lines = {name: faults.document.line(("data", i)) for i, name in enumerate(value)}
        data["data"] = {name: {"source": name} for name in names}
        for name in names:
            faults.document.lines["data", name] = lines[name] or 1
    found = entries(DataEntry, "source", "data", faults)
    for label, entry in found.items():
        try:
            plugins.sources[entry.source]
        except RequestError as error:
            faults.add(("data", label, "source"), error.problem.message)
    return found


def chosen(
    registry: Registry[type[Kind]], value: Any, place: Place, faults: Faults
) -> tuple[Kind, ...]:
    """Return what a section lists: names, or mappings with a `type`; each at most once."""
    if value is None:
        return ()
    if not isinstance(value, list):
        faults.add(place, f"expected a list of {registry.kind}s, received {shown(value)}")
        return ()
    found: list[Kind] = []
    for index, item in enumerate(value):
        made = plugin_settings(registry, item, (*place, index), faults)
        if made is None:
            continue
        if any(type(other) is type(made) for other in found):
            message = f"the {registry.kind} '{as_mapping(item)['type']}' stands here a second time"
            faults.add((*place, index), message)
        found.append(made)
    return tuple(found)


def read_classes(value: Any, place: Place, faults: Faults) -> Any:
    """Return sets of classes, or "each"."""
    if value is None:
        return ()
    if value == "each" and len(place) == 1:  # --quick keeps some that it names
        return "each"
    good = isinstance(value, list) and all(
        isinstance(item, list)
        and item
        and all(
            isinstance(label, int) and not isinstance(label, bool) and label >= 0 for label in item
        )
        for item in value
    )
    if good:
        return tuple(tuple(item) for item in value)
    message = (
        "expected a list of lists of classes, as in [[0], [1, 2]], or 'each', "
        f"received {shown(value)}"
    )
    faults.add(place, message)
    return ()


def read_seeds(value: Any, place: Place, faults: Faults) -> tuple[int, ...]:
    """Return seeds: a list, or a text "0..4"."""
    if isinstance(value, str):
        match = re.fullmatch(r"(\d{1,18})\.\.(\d{1,18})", value)
        if match and 0 <= int(match[2]) - int(match[1]) < MOST_SEEDS:
            return tuple(range(int(match[1]), int(match[2]) + 1))
    elif isinstance(value, list) and value:
        numbers = all(type(seed) is int and 0 <= seed < 2**63 for seed in value)
        if numbers and len(set(value)) == len(value):
            return tuple(value)
    message = (
        f"expected different seeds as a list, [0, 1], or as a range, 0..4, received {shown(value)}"
    )
    faults.add(place, message)
    return (0,)


def read_quick(
    graphs: dict[str, GraphEntry], sources: dict[str, DataEntry], faults: Faults
) -> Quick:
    """Return what ``--quick`` keeps."""
    value = faults.document.data.get("quick")
    if value is None:
        return Quick()
    if not isinstance(value, dict):
        faults.add(("quick",), f"expected a mapping, received {shown(value)}")
        return Quick()
    others = ("outliers", "inliers", "seeds", "evaluate", "anchors")
    plain = {key: item for key, item in value.items() if key not in others}
    made = settings(Quick, plain, ("quick",), faults, what="`quick`") or Quick()
    for key, kept, known in (("graphs", made.graphs, graphs), ("data", made.data, sources)):
        for label in kept or ():
            if label not in known:
                kind = key.removesuffix("s")
                message = f"the study has no {kind} '{label}'{nearest(label, list(known))}"
                faults.add(("quick", key), message)
    more: dict[str, Any] = {}
    for key in ("outliers", "inliers"):
        if key in value:
            more[key] = read_classes(value[key], ("quick", key), faults)
    if "seeds" in value:
        more["seeds"] = read_seeds(value["seeds"], ("quick", "seeds"), faults)
    if "evaluate" in value:
        place = ("quick", "evaluate")
        more["evaluate"] = chosen(evaluations(), value["evaluate"], place, faults)
    if "anchors" in value:
        more["anchors"] = chosen(anchors(), value["anchors"], ("quick", "anchors"), faults)
    return made.model_copy(update=more)


def check_labels(
    graphs: dict[str, GraphEntry], sources: dict[str, DataEntry], faults: Faults
) -> None:
    """Note data that a graph's entry names and the study does not have, and the reverse."""
    for label, entry in graphs.items():
        chosen = {} if isinstance(entry.graph, str) else entry.graph
        for key, names in (("graph", chosen), ("on", entry.on), ("seeds", entry.seeds)):
            for name in names:
                if name not in sources:
                    hint = f"{nearest(name, list(sources))} (data: {', '.join(sources) or 'none'})"
                    message = f"the study has no data '{name}'{hint}"
                    faults.add(("graphs", label, key, name), message)
        missing = [name for name in sources if name not in chosen]
        if not isinstance(entry.graph, str) and missing:
            message = f"it names no graph for the study's data {', '.join(missing)}"
            faults.add(("graphs", label, "graph"), message)
