"""Draws the pictures of docs/concepts.md: ``python docs/site/pictures.py``."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from dcgraph.layers.gmm.smoothing import smoothing_matrix, starting_width

IMAGES = Path(__file__).parents[1] / "images"
UP, DOWN, GREY = "#1f6f8b", "#c8553d", "#808080"
NODES = (
    ("image", "28x28x1"),
    ("fold1", "26x26x9"),
    ("gmm1", "26x26x25"),
    ("fold2", "12x12x400"),
    ("gmm2", "12x12x25"),
    ("fold3", "1x1x3600"),
    ("gmm3", "1x1x49"),
)


def graph() -> plt.Figure:
    """Draw the nodes of graph E from the image up, activities above, control below."""
    figure, axes = plt.subplots(figsize=(9, 2.1), layout="constrained")
    for i, (name, shape) in enumerate(NODES):
        learns = name.startswith("gmm")
        box = FancyBboxPatch(
            (1.6 * i, 0),
            1,
            0.8,
            boxstyle="round,pad=0.06",
            fc="#e8f1f4" if learns else "white",
            ec=GREY,
        )
        axes.add_patch(box)
        axes.text(1.6 * i + 0.5, 0.5, name, ha="center", va="center", weight="bold")
        axes.text(1.6 * i + 0.5, 0.2, shape, ha="center", va="center", size=7, color=GREY)
    for i in range(len(NODES) - 1):
        for height, color, ends in ((0.62, UP, (0, 1)), (0.18, DOWN, (1, 0))):
            points = [(1.6 * i + 1.07, height), (1.6 * i + 1.53, height)]
            start, end = (points[k] for k in ends)
            axes.add_patch(
                FancyArrowPatch(start, end, arrowstyle="->", mutation_scale=10, color=color)
            )
    axes.text(0, 1.05, "activities go up: what each mixture makes of its input", color=UP)
    axes.text(0, -0.42, "control goes down: what each mixture should draw", color=DOWN)
    axes.set(xlim=(-0.2, 10.8), ylim=(-0.55, 1.35))
    axes.axis("off")
    return figure


def folding() -> plt.Figure:
    """Draw a 3x3 window on an image, and the channels it becomes."""
    figure, axes = plt.subplots(figsize=(7, 2.4), layout="constrained")
    shades = np.random.default_rng(4).random((5, 5))
    for y in range(5):
        for x in range(5):
            shade = mpl.colormaps["Greys"](0.1 + 0.5 * shades[y, x])
            axes.add_patch(Rectangle((x, 4 - y), 1, 1, fc=shade, ec="white"))
    axes.add_patch(Rectangle((1, 1), 3, 3, fc="none", ec=UP, lw=2.5))
    for k, (y, x) in enumerate(np.ndindex(3, 3)):
        shade = mpl.colormaps["Greys"](0.1 + 0.5 * shades[y + 1, x + 1])
        axes.add_patch(Rectangle((8 + k, 2), 1, 1, fc=shade, ec="white"))
    axes.add_patch(Rectangle((8, 2), 9, 1, fc="none", ec=UP, lw=2.5))
    axes.add_patch(
        FancyArrowPatch((4.3, 2.5), (7.7, 2.5), arrowstyle="->", mutation_scale=14, color=UP)
    )
    axes.text(2.5, -0.6, "input, h x w x c", ha="center")
    axes.text(12.5, 1.2, "one position of the output: fh fw c channels", ha="center")
    axes.set(xlim=(-0.3, 17.3), ylim=(-1, 5.2), aspect="equal")
    axes.axis("off")
    return figure


def torus() -> plt.Figure:
    """Draw the weights that one component's score is smoothed with, as annealing goes on."""
    components, middle = 49, 10
    start = starting_width(components)
    figure, panels = plt.subplots(1, 4, figsize=(8, 2.3), layout="constrained")
    for axes, sigma in zip(panels, (start, start / 2, start / 4, 0.2), strict=True):
        weights = smoothing_matrix(components, sigma)[middle].reshape(7, 7)
        axes.imshow(weights, cmap="Blues", vmin=0)
        axes.set_title(f"sigma {sigma:.2f}", size=9)
        axes.set(xticks=[], yticks=[])
    return figure


def main() -> None:
    """Write the pictures."""
    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "dcgraph", "font.size": 9}
    for draw in (graph, folding, torus):
        figure = draw()
        figure.savefig(IMAGES / f"concepts-{draw.__name__}.svg", metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
