"""The paper's notation, ``F(3,1)-G(25)-P(2,2)-G(49)``, to the document a file would hold."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NoReturn

from dcgraph.errors import GraphError, Problem
from dcgraph.graph.document import Document, shown
from dcgraph.plugin.manager import Plugins
from dcgraph.signal import Shape

DEFAULT_SOURCE = "digits"
MAX_LAYERS = 200
DELAY_STEP, DELAY_MAX = 0.1, 0.9  # of the training, for each mixture below

_START = re.compile(r"\s*[A-Za-z]\s*\(")
_TOKEN = re.compile(r"([A-Za-z])\(([^()]*)\)")
_SIZE = re.compile(r"(\d{1,18})(?:x(\d{1,18}))?")

_NAMES = {"F": "fold", "P": "pool", "G": "gmm"}
_FORMS = {
    "F": "F(f,s) with f and s an int or hxw",
    "P": "P(f,s) or P(f,s,ceil) with f and s an int or hxw",
    "G": "G(K) with K an int",
    "C": "C(S) with S an int",
}


def is_notation(text: str) -> bool:
    """Return whether a text looks like the notation rather than like a path or a name."""
    return _START.match(text) is not None


def notation_document(text: str, shape: Shape | None = None) -> Document:
    """Return the document of a chain of layers.

    Nodes are called image, fold1.., pool1.., gmm1.., classifier; every mixture waits 0.1 of the
    training for each mixture below it, 0.9 at most.

    Parameters
    ----------
    text : str
    shape : (h, w, c), optional
        Of images that the caller holds. Without it images come from the embedded data, and the
        shape of the input is left open, for the data to give.

    Raises
    ------
    GraphError
        A token is not understood; the message quotes it and its position.
    """
    nodes: dict[str, Any] = {"image": {"type": "input"}}
    if shape is not None:
        nodes["image"]["shape"] = list(shape)
    tokens = re.sub(r"\s+", "", text).split("-")
    if len(tokens) > MAX_LAYERS:
        _refuse(text, f"expected at most {MAX_LAYERS} layers, received {len(tokens)}")
    counts: Counter[str] = Counter()
    for i, token in enumerate(tokens, start=1):
        match = _TOKEN.fullmatch(token)
        letter = match.group(1) if match else ""
        if match is None or letter not in _FORMS:
            forms = "F(f,s), P(f,s), G(K) and C(S)"
            _refuse(text, f"expected {forms} joined by -, received {shown(token)} at position {i}")
        settings = _settings(letter, match.group(2).split(","))
        if settings is None:
            _refuse(text, f"expected {_FORMS[letter]}, received {shown(token)} at position {i}")
        if letter == "C" and i < len(tokens):
            _refuse(text, f"C(S) can only stand last, received {shown(token)} at position {i}")
        if letter == "G" and counts["G"]:
            settings["delay"] = min(round(DELAY_STEP * counts["G"], 6), DELAY_MAX)
        counts[letter] += 1
        nodes[_name(letter, counts[letter])] = settings
    data: dict[str, Any] = {"name": _title(text)}
    if shape is None:
        data["data"] = {"source": DEFAULT_SOURCE}
    data |= {"nodes": nodes, "forward": [" -> ".join(nodes)]}
    return Document(data, text.strip(), notation=True)


def fill_shape(document: Document, plugins: Plugins) -> None:
    """Give an input that a notation left open the shape of the data source's images.

    Raises
    ------
    GraphError
        The source's images have no fixed shape.
    """
    if not document.notation or "shape" in document.data["nodes"]["image"]:
        return
    data, image = document.data.get("data"), document.data["nodes"]["image"]
    name = data.get("source") if isinstance(data, dict) else data
    if not isinstance(name, str) or name not in plugins.sources:
        return  # the data section's own problem
    found = plugins.sources[name].info.shape
    if found is None:
        message = (
            f"data source '{name}' does not say what shape its images have: give the input's, as "
            "in --set image.shape=[28,28,1]"
        )
        raise GraphError([Problem(message, document.file, node="image", field="shape")])
    image["shape"] = list(found)


def _refuse(text: str, message: str) -> NoReturn:
    raise GraphError([Problem(message, shown(text)[1:-1])])


def _name(letter: str, count: int) -> str:
    return "classifier" if letter == "C" else f"{_NAMES[letter]}{count}"


def _title(text: str) -> str:
    """Return the notation as a file name: ``f3-1-g25``."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("(", "")).strip("-")[:60].strip("-")


def _settings(letter: str, arguments: list[str]) -> dict[str, Any] | None:
    """Return a node's mapping, None where the arguments do not fit."""
    ceil = letter == "P" and len(arguments) > 1 and arguments[-1] == "ceil"
    sizes = [_size(argument) for argument in (arguments[:-1] if ceil else arguments)]
    if None in sizes or not 1 <= len(sizes) <= (2 if letter in "FP" else 1):
        return None
    first = sizes[0]
    if letter in "GC":
        key, kind = ("components", "gmm") if letter == "G" else ("classes", "classifier")
        return {"type": kind, key: first} if isinstance(first, int) else None
    made: dict[str, Any] = {"type": "folding" if letter == "F" else "pooling", "kernel": first}
    if len(sizes) == 2:
        made["stride"] = sizes[1]
    if ceil:
        made["ceil"] = True
    return made


def _size(text: str) -> int | list[int] | None:
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    h, w = match.groups()
    return int(h) if w is None else [int(h), int(w)]
