"""Draw the visual alphabet of a gmm node: what each of its components looks like in the image.

Means are projected down through the control edges, without noise, from the node's middle position
alone, and cut to the pixels they reach. Components stand as on their torus. Precisions and weights
are the node's own: precisions over its kernel, mean over channels, black 0 and white the largest.
With --per-position each row is a position and each column a component.

    python tools/centroids.py runs/quickstart-s0.h5 --node gmm2 -o gmm2.png
    python tools/centroids.py runs/quickstart-s0.h5 --node gmm1 --what precisions -o precisions.png
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from opening import opened, parser, run

from dcgraph.inference.alphabet import components_of, precisions, weights
from dcgraph.model import Model
from dcgraph.pictures.captions import captioned
from dcgraph.pictures.files import save_png
from dcgraph.pictures.grid import Picture, comfortable_scale, image_grid
from dcgraph.pictures.pixels import as_pixels
from dcgraph.storage.record import ModelRecord

WHAT = ("means", "precisions", "weights")


def alphabet(record: ModelRecord, node: str, what: str, position: tuple[int, int]) -> NDArray[Any]:
    """Return the images of a node's components at one position, (K, h, w, c), on [0, 1]."""
    if what == "means":
        return as_pixels(Model(record).alphabet(node, position), record.pixel_range)
    state = record.states[node]
    own = len(state.parameters["means"]) > 1
    place = position[0] * record.graph[node].shape[1] + position[1] if own else 0
    if what == "precisions":
        return precisions(record.graph, state, node, place)
    found = weights(state, place)
    return (found / found.max()).reshape(-1, 1, 1, 1)


def drawn(record: ModelRecord, node: str, what: str, *, per_position: bool) -> Picture:
    """Return the picture of a node's components."""
    h, w, components = record.graph[node].shape
    if not per_position:
        images = alphabet(record, node, what, (h // 2, w // 2))
        columns = math.isqrt(components)
        columns = columns if columns**2 == components else None
        return image_grid(images, columns, comfortable_scale(images.shape[1:]))
    places = [(y, x) for y in range(h) for x in range(w)]
    rows = [alphabet(record, node, what, place) for place in places]
    # at the border a position may reach fewer pixels
    tall, wide = (max(images.shape[axis] for images in rows) for axis in (1, 2))
    images = np.concatenate(
        [
            np.pad(
                each,
                ((0, 0), (0, tall - each.shape[1]), (0, wide - each.shape[2]), (0, 0)),
                constant_values=np.nan,
            )
            for each in rows
        ]
    )
    grid = image_grid(images, components, max(1, comfortable_scale(images.shape[1:]) // 2))
    return captioned(grid, rows=[f"{y},{x}" for y, x in places])


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    options = parser(__doc__)
    options.add_argument("model")
    options.add_argument("-n", "--node", help="a gmm node (default: the topmost)")
    options.add_argument("--what", choices=WHAT, default="means")
    options.add_argument("--per-position", action="store_true", help="a row for each position")
    options.add_argument("-o", "--output", type=Path, default=Path("centroids.png"))
    args = options.parse_args(arguments)
    record = opened(args.model, args)
    node = components_of(record.graph, record.states, args.node)
    save_png(args.output, drawn(record, node, args.what, per_position=args.per_position))
    print(args.output)
    return 0


if __name__ == "__main__":
    run(main)
