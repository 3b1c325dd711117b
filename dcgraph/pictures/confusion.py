"""A confusion matrix: counts in, a figure out, no display needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion_figure(counts: NDArray[Any]) -> Figure:
    """Return a picture of how many images of each label were taken for each class.

    Cells are shaded by their share of the label's images, and tell the count where it is not 0.

    Parameters
    ----------
    counts : integer array of shape (labels, classes)
        A row for each true label; rows of no image are left white.

    Raises
    ------
    InputError
        The array is not two-dimensional, or there is no image at all.
    """
    from matplotlib.figure import Figure

    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.sum() <= 0:
        message = (
            "a confusion matrix needs counts (labels, classes) of at least one image; received "
            f"shape {counts.shape}, {int(counts.sum())} images"
        )
        raise InputError(message)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(5.5, 5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (label, taken), count in np.ndenumerate(counts):
        if count:
            color = "white" if share[label, taken] > 0.5 else "black"
            axes.text(taken, label, str(count), color=color, size=8, ha="center", va="center")
    rows, columns = counts.shape
    axes.set(xticks=range(columns), yticks=range(rows), xlabel="taken for", ylabel="label")
    return figure
