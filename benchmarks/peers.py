"""Training steps of A to G, in turns with their floor and with PyTorch, on one thread.

    python benchmarks/peers.py [GRAPHS] [--per-position] [--batch N] [--seconds S] [--no-torch]

Prints rows of a Markdown table: milliseconds of processor time, medians, and ratios.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from paper_graphs import NOTATION, paper_graph, ready
from threadpoolctl import threadpool_limits

from dcgraph.benchmark.clock import time_together
from dcgraph.benchmark.floor import floor
from dcgraph.benchmark.subject import synthetic_images
from dcgraph.graph.graph import Graph


def torch_steps(graph: Graph, batch: int) -> dict[str, Callable[[], None]]:
    """Return PyTorch's training steps by name."""
    import torch
    from torch_mixture import Peer

    torch.set_num_threads(1)
    (entry,) = graph.inputs
    images = torch.from_numpy(synthetic_images(graph[entry].shape, batch)).permute(0, 3, 1, 2)
    images = images.contiguous()
    learned, closed = Peer(graph), Peer(graph)
    return {
        "autograd": lambda: learned.step(images, autograd=True),
        "no_grad": lambda: closed.step(images, autograd=False),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("graphs", nargs="?", default="".join(NOTATION))
    parser.add_argument("--per-position", action="store_true")
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--no-torch", action="store_true")
    chosen = parser.parse_args()
    names = ["dcgraph", "floor", "floor in cache"]
    names += [] if chosen.no_torch else ["autograd", "no_grad"]
    print("| graph | " + " | ".join(names) + " | / floor | / floor in cache |")
    print("|---" * (len(names) + 3) + "|")
    with threadpool_limits(1):
        for name in chosen.graphs:
            graph = paper_graph(name, share=not chosen.per_position)
            works = {"dcgraph": ready(graph, chosen.batch).work("train")}
            for label, layout in (("floor", "whole"), ("floor in cache", "blocks")):
                works[label] = floor(
                    graph, graph.density_nodes, chosen.batch, statistics=True, layout=layout
                )
            if not chosen.no_torch:
                works |= torch_steps(graph, chosen.batch)
            timings = time_together(list(works.values()), chosen.seconds)
            cpu = dict(zip(works, (1e3 * timing.cpu for timing in timings), strict=True))
            cells = [f"{cpu[label]:.2f}" for label in names]
            ratios = [f"{cpu['dcgraph'] / cpu[label]:.2f}" for label in names[1:3]]
            print(f"| {name} | " + " | ".join([*cells, *ratios]) + " |", flush=True)


if __name__ == "__main__":
    main()
