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

from dcgraph.engine.downward import control_plan
from dcgraph.engine.scheduler import Descent
from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph
from dcgraph.inference.settings import configured
from dcgraph.model import Model
from dcgraph.pictures.captions import captioned
from dcgraph.pictures.files import save_png
from dcgraph.pictures.grid import Picture, comfortable_scale, image_grid
from dcgraph.storage.record import ModelRecord

WHAT = ("means", "precisions", "weights")
QUIET = {"top": 1, "divisor": 1e9}  # nodes below the drawn one answer without noise
PICTURE_CHANNELS = (1, 3)


def projected(model: Model, node: str, position: tuple[int, int]) -> NDArray[Any]:
    """Return what each component of a node draws at one position, (K, h, w, c).

    Cut to the pixels that the position reaches; NaN where it reaches none between them.
    """
    graph = configured(model.graph, QUIET)
    h, w, components = graph[node].shape
    tau = np.full((components, h, w, components), np.nan, graph.train.dtype)
    tau[:, position[0], position[1]] = np.eye(components)
    scheduler = model._scheduler(graph)
    descent = Descent(0, "centroids", 0, components, scheduler.signal(tau))
    with scheduler.ops.limited():
        (arrived,) = scheduler.control(control_plan(graph, node), descent).values()
    images = np.asarray(scheduler.ops.to_host(arrived.values), np.float64)
    if arrived.known is None:
        return images
    known = np.broadcast_to(scheduler.ops.to_host(arrived.known), images.shape)
    reached = known.any(axis=(0, 3))
    ys, xs = np.flatnonzero(reached.any(axis=1)), np.flatnonzero(reached.any(axis=0))
    images = np.where(known, images, np.nan)
    return images[:, ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1]


def kernel_of(graph: Graph, node: str) -> tuple[int, int, int]:
    """Return (fh, fw, c) of the patches a node sees: of the folding below it, or 1 x 1."""
    (below,) = graph[node].inputs
    fh, fw = getattr(graph[below].layer, "kernel", (1, 1))
    channels = graph[below].shape[2]
    if graph[below].layer.type != "folding":
        fh, fw = 1, 1
    return fh, fw, channels // (fh * fw)


def precisions(record: ModelRecord, node: str, index: int) -> NDArray[Any]:
    """Return each component's precisions over the node's kernel, (K, fh, fw, 1), on [0, 1]."""
    found = record.states[node].parameters["precision_sqrt"][index].astype(np.float64) ** 2
    patches = found.reshape(len(found), *kernel_of(record.graph, node)).mean(axis=3, keepdims=True)
    return patches / found.max()


def weights(record: ModelRecord, node: str, index: int) -> NDArray[Any]:
    """Return each component's weight as one pixel, (K, 1, 1, 1), on [0, 1]."""
    logits = record.states[node].parameters["weight_logits"][index].astype(np.float64)
    return np.exp(logits - logits.max()).reshape(-1, 1, 1, 1)


def as_pictures(images: NDArray[Any], record: ModelRecord) -> NDArray[Any]:
    """Return images on [0, 1]; channels that are no colours lie side by side."""
    low, high = record.pixel_range or (0.0, 1.0)
    scaled = (images - low) / max(high - low, 1e-9)
    n, h, w, c = scaled.shape
    return scaled if c in PICTURE_CHANNELS else scaled.reshape(n, h, w * c, 1)


def alphabet(record: ModelRecord, node: str, what: str, position: tuple[int, int]) -> NDArray[Any]:
    """Return the images of a node's components at one position, (K, h, w, c), on [0, 1]."""
    if what == "means":
        return as_pictures(projected(Model(record), node, position), record)
    sets = len(record.states[node].parameters["means"])
    index = position[0] * record.graph[node].shape[1] + position[1] if sets > 1 else 0
    return (precisions if what == "precisions" else weights)(record, node, index)


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
    node = record.graph.topmost() if args.node is None else record.graph[args.node].name
    if record.graph[node].layer.type != "gmm":
        message = f"has no components: gmm nodes are {', '.join(record.graph.density_nodes)}"
        raise RequestError(message, node=node)
    save_png(args.output, drawn(record, node, args.what, per_position=args.per_position))
    print(args.output)
    return 0


if __name__ == "__main__":
    run(main)
