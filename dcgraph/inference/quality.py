"""How good samples are: whether they are new, and whether they differ from each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import InputError

MOST = 1000  # images that are compared with each other


@dataclass(frozen=True)
class Nearest:
    """For each sample, the training image that is nearest to it.

    Attributes
    ----------
    images : array of shape (n, h, w, c)
    places : integer array of shape (n,)
        Where they stand among the training images.
    distances : array of shape (n,)
        Root mean squared difference of pixels.
    """

    images: NDArray[Any]
    places: NDArray[np.int64]
    distances: NDArray[np.float64]


def nearest_images(samples: NDArray[Any], blocks: Iterable[NDArray[Any]]) -> Nearest:
    """Return the nearest of many images to each sample.

    Parameters
    ----------
    samples : array of shape (n, h, w, c)
        Clipped to [0, 1], as in pictures, before they are compared.
    blocks : iterable of arrays of shape (m, h, w, c)
        Training images, a block at a time; none is kept.

    Raises
    ------
    InputError
        There are no training images.
    """
    rows = _rows(np.clip(samples, 0, 1))
    squares = np.square(rows).sum(axis=1)
    best = np.full(len(rows), np.inf)
    places = np.zeros(len(rows), np.int64)
    images = np.zeros(samples.shape, np.float32)
    first = 0
    for block in blocks:
        others = _rows(block)
        distances = squares[:, None] - 2 * rows @ others.T + np.square(others).sum(axis=1)
        winners = distances.argmin(axis=1)
        found = distances[np.arange(len(rows)), winners]
        nearer = found < best
        best[nearer] = found[nearer]
        places[nearer] = first + winners[nearer]
        images[nearer] = block[winners[nearer]]
        first += len(block)
    if not first:
        message = "there are no training images to compare samples with"
        raise InputError(message)
    return Nearest(images, places, np.sqrt(np.maximum(best, 0) / rows.shape[1]))


def diversity(images: NDArray[Any]) -> float:
    """Return the mean root mean squared difference between two of the images.

    Of the first 1,000 images; 0 for fewer than two. Compare it with that of as many training
    images: samples that are less diverse have lost modes.
    """
    rows = _rows(np.clip(images[:MOST], 0, 1))
    if len(rows) < 2:
        return 0.0
    squares = np.square(rows).sum(axis=1)
    distances = np.maximum(squares[:, None] - 2 * rows @ rows.T + squares, 0) / rows.shape[1]
    np.fill_diagonal(distances, 0)
    return float(np.sqrt(distances).sum() / (len(rows) * (len(rows) - 1)))


def _rows(images: NDArray[Any]) -> NDArray[np.float64]:
    return images.reshape(len(images), -1).astype(np.float64)
