"""The most and the least likely test images, and where in them the model finds it so."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import RequestError
from dcgraph.pictures.grid import image_grid
from dcgraph.pictures.heat import heat
from dcgraph.report.inline import data_uri
from dcgraph.report.subject import Subject

TITLE = "Most and least likely images"
AT_EITHER_END = 12


def content(subject: Subject) -> dict[str, Any]:
    """Return the images at either end, each with a likelihood map for each node that has places.

    Raises
    ------
    RequestError, DataError
        No node has a log-likelihood, or there are no test images.
    """
    main, examined = subject.main, subject.images
    order = np.argsort(subject.scores[main], kind="stable")
    count = min(AT_EITHER_END, len(order) // 2) or 1
    ends = {"most": order[::-1][:count], "least": order[:count]}
    chosen = np.concatenate(list(ends.values()))
    images = subject.model.checked_images(examined.subset.read(chosen))
    maps, scales, apart = _maps(subject, images)
    tiles = [
        {
            "id": f"image-{i}",
            "caption": examined.caption(place),
            "outlier": examined.outlier is not None and bool(examined.outlier[place]),
            "score": f"{subject.scores[main][place]:.2f}",
            "uri": data_uri(image_grid(subject.pixels(images[i : i + 1]), padding=0)),
            "maps": {node: each[i] for node, each in maps.items()},
        }
        for i, place in enumerate(chosen)
    ]
    whole = [name for name in subject.record.graph.density_nodes if name not in maps]
    return {
        "node": main,
        "images": len(order),
        "total": examined.total,
        "ends": {"most": tiles[:count], "least": tiles[count:]},
        "scales": scales,
        "bar": data_uri(image_grid(heat(np.linspace(0, 1, 64).reshape(1, 1, 64)), padding=0)),
        "whole": whole,
        "apart": apart,
    }


def _maps(
    subject: Subject, images: NDArray[Any]
) -> tuple[dict[str, list[dict[str, str]]], dict[str, dict[str, str]], list[str]]:
    """Return the maps of each node that has several positions.

    Returns
    -------
    pictures, scales : dict by node
        A picture and its description for each image; what the darkest and lightest colours mean.
    apart : list of str
        Nodes whose maps are not laid onto the pixels.
    """
    pictures: dict[str, list[dict[str, str]]] = {}
    scales: dict[str, dict[str, str]] = {}
    apart: list[str] = []
    for name in subject.record.graph.density_nodes:
        h, w, _ = subject.record.graph[name].shape
        if h * w == 1:
            continue
        try:
            maps = subject.model.pixel_maps(images, name)
        except RequestError:  # a node below has several inputs: positions have no place in an image
            maps = subject.model.log_likelihood_map(images, name)
            apart.append(name)
        low, high = np.nanpercentile(maps, [1, 99])
        colours = heat(maps, float(low), float(high))
        pictures[name] = [
            {
                "uri": data_uri(image_grid(colours[i : i + 1], padding=0)),
                "words": _described(name, each),
            }
            for i, each in enumerate(maps)
        ]
        scales[name] = {"low": f"{low:.4g}", "high": f"{high:.4g}"}
    return pictures, scales, apart


def _described(name: str, each: NDArray[Any]) -> str:
    y, x = np.unravel_index(np.nanargmin(each), each.shape)
    return (
        f"Map of {name}: lowest, {each[y, x]:.4g} nats, at row {y + 1} of {each.shape[0]} and "
        f"column {x + 1} of {each.shape[1]}; highest {np.nanmax(each):.4g} nats"
    )
