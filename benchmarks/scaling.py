"""How the cost of a training step grows: with batch, image size, K, positions and depth.

    python benchmarks/scaling.py [--seconds S]

Each row is a graph and a batch size; milliseconds and microseconds an image are of the processor,
on one thread; ratios are to the same products alone, in cache-sized blocks.
"""

from __future__ import annotations

import argparse

from paper_graphs import NOTATION, graph_of, ready
from threadpoolctl import threadpool_limits

from dcgraph.benchmark.clock import peak_bytes, time_together
from dcgraph.benchmark.floor import floor

Case = tuple[str, str, tuple[int, int, int], int, bool]
MNIST = (28, 28, 1)


def cases() -> list[Case]:
    """Return (what varies, notation, shape of images, batch, shared) of every row."""
    found: list[Case] = []
    for batch in (1, 10, 30, 100, 300, 1000):
        found += [("batch", NOTATION[name], MNIST, batch, True) for name in ("A", "E")]
    for side in (28, 56, 112, 224, 448):
        found.append(("image size", "F(3,1)-G(25)", (side, side, 1), 10, True))
    for channels in (1, 3, 10, 30):
        found.append(("channels", "F(3,1)-G(25)", (28, 28, channels), 100, True))
    for components in (25, 49, 100, 225, 400, 900):
        found.append(("K", f"F(28,1)-G({components})", MNIST, 100, True))
        found.append(("K", f"F(5,1)-G({components})", MNIST, 100, True))
    for stride in (8, 4, 2, 1):
        for share in (True, False):
            found.append(("positions", f"F(8,{stride})-G(25)", MNIST, 100, share))
    for depth in (1, 2, 4, 8):
        chain = "-".join(["F(3,1)-G(25)"] * depth)
        found.append(("depth", chain, MNIST, 100, True))
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=1.0)
    seconds = parser.parse_args().seconds
    print("| varied | graph | image | batch | ms | us/image | / floor in cache | peak MB |")
    print("|---" * 8 + "|")
    for varied, notation, shape, batch, share in cases():
        graph = graph_of(notation, shape, share=share)
        with threadpool_limits(1):
            step = ready(graph, batch).work("train")
            bare = floor(graph, graph.density_nodes, batch, statistics=True, layout="blocks")
            whole, least = time_together([step, bare], seconds)
            peak = peak_bytes(step) / 1e6
        label = notation if share else f"{notation}, per position"
        print(
            f"| {varied} | {label} | {'x'.join(map(str, shape))} | {batch} | {1e3 * whole.cpu:.2f} "
            f"| {1e6 * whole.cpu / batch:.0f} | {whole.cpu / least.cpu:.2f} | {peak:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
