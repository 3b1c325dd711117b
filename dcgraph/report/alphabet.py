"""The visual alphabet of each gmm node: what its components look like in the image."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dcgraph.errors import RequestError
from dcgraph.inference.alphabet import is_mixture, precisions, weights
from dcgraph.pictures.grid import comfortable_scale, image_grid
from dcgraph.report.inline import Embedded, embedded
from dcgraph.report.subject import Subject
from dcgraph.report.words import product

TITLE = "Visual alphabet"


def content(subject: Subject) -> dict[str, Any]:
    """Return the pictures of every gmm node, bottom up.

    Raises
    ------
    RequestError
        There is none.
    """
    states = subject.record.states
    nodes = [
        _node(subject, name)
        for name in subject.record.graph.density_nodes
        if is_mixture(states.get(name))
    ]
    if not nodes:
        message = "No node of this graph has components: it has no gmm node."
        raise RequestError(message)
    return {"nodes": nodes}


def _node(subject: Subject, name: str) -> dict[str, Any]:
    graph, state = subject.record.graph, subject.record.states[name]
    h, w, components = graph[name].shape
    sets = len(state.parameters["means"])
    place = (h // 2) * w + w // 2 if sets > 1 else 0
    shares = weights(state, place)
    columns = math.isqrt(components)
    square = columns**2 == components
    images = {"kernel": precisions(graph, state, name, place)}
    note = ""
    try:
        images = {"means": subject.pixels(subject.model.alphabet(name)), **images}
    except RequestError as error:  # no way down from here
        note = str(error)
    pictures = {what: _picture(each, columns if square else None) for what, each in images.items()}
    order = np.argsort(-shares, kind="stable")
    return {
        "name": name,
        "components": components,
        "torus": product((columns, columns)) if square else "",
        "own": sets > 1,
        "middle": f"{h // 2}, {w // 2}",
        "positions": h * w,
        "pictures": pictures,
        "note": note,
        "largest": f"{shares[order[0]]:.1%}",
        "half": int(np.searchsorted(np.cumsum(shares[order]), 0.5)) + 1,
    }


def _picture(images: Any, columns: int | None) -> Embedded:
    return embedded(image_grid(images, columns, comfortable_scale(images.shape[1:]), padding=2))
