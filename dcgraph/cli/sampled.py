"""Where samples go: a picture, or an array file; with training images beside them if wanted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dcgraph.data.dataset import Subset
    from dcgraph.inference.quality import Nearest

BETWEEN = 8  # pixels between samples and the training images nearest to them


def write_images(
    path: Path,
    number: int,
    batches: Iterator[NDArray[Any]],
    *,
    scale: int | None,
    columns: int | None,
    labels: list[int] | None = None,
    training: Subset | None = None,
) -> dict[str, float] | None:
    """Write images, batch by batch, to a picture or an array file.

    Parameters
    ----------
    labels : list of int or None
        What was asked for; stands above the columns where each has one label.
    training : Subset or None
        Training images to compare samples with; a picture shows the nearest beside each.

    Returns
    -------
    dict or None
        Of the comparison: mean distance to the nearest, diversity of samples and training images.
    """
    import numpy as np

    from dcgraph.cli.arrays import write_blocks

    extra: dict[str, Any] = {} if labels is None else {"labels": np.asarray(labels)}
    picture = path.suffix.lower() == ".png"
    if not picture and training is None:
        write_blocks(path, "images", number, batches, extra=extra)
        return None
    images = np.concatenate(list(batches))
    compared = None
    if training is not None:
        found, compared = _compared(images, training)
        extra |= {"nearest": found.images, "distances": found.distances, "places": found.places}
    if not picture:
        write_blocks(path, "images", number, iter([images]), extra=extra)
        return compared
    _write_grid(path, images, extra.get("nearest"), scale, columns, labels)
    return compared


def _compared(images: NDArray[Any], training: Subset) -> tuple[Nearest, dict[str, float]]:
    from dcgraph.data.batches import ordered_batches
    from dcgraph.inference.quality import MOST, diversity, nearest_images

    found = nearest_images(images, (each.images for each in ordered_batches(training, 1000)))
    (others,) = ordered_batches(training, MOST, limit=min(MOST, len(images)))
    return found, {
        "nearest": float(found.distances.mean()),
        "diversity": diversity(images),
        "training_diversity": diversity(others.images),
    }


def _write_grid(
    path: Path,
    images: NDArray[Any],
    nearest: NDArray[Any] | None,
    scale: int | None,
    columns: int | None,
    labels: list[int] | None,
) -> None:
    """Write samples as a grid; with nearest images, two grids side by side."""
    import math

    import numpy as np

    from dcgraph.pictures.captions import captioned
    from dcgraph.pictures.files import save_png
    from dcgraph.pictures.grid import comfortable_scale, image_grid

    scale = scale or comfortable_scale(images.shape[1:])
    columns = min(len(images), columns or math.ceil(math.sqrt(len(images))))
    picture = image_grid(images, columns, scale)
    by_column = labels is not None and all(
        label == labels[i % columns] for i, label in enumerate(labels)
    )
    if labels is not None and by_column:
        picture = captioned(picture, columns=[str(label) for label in labels[:columns]])
    pictures = [picture]
    if nearest is not None:
        beside = image_grid(nearest, columns, scale)
        space = ((picture.shape[0] - beside.shape[0], 0), (BETWEEN, 0), (0, 0))
        pictures.append(np.pad(beside, space[: beside.ndim]))
    save_png(path, np.concatenate(pictures, axis=1))
