"""Training, validation and test images, chosen as a graph's data section says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.source import ArraySplit, OrderedSplit, Split
from dcgraph.data.fitting import Fit, check_fit, fitted
from dcgraph.data.selection import Selection
from dcgraph.errors import InputError
from dcgraph.graph.specs import DataSpec
from dcgraph.signal import Shape


@dataclass(frozen=True)
class Subset:
    """Some images of a split, in the shape of a graph's input.

    Attributes
    ----------
    split : Split
    chosen : integer array of shape (m,)
        Their places in the split.
    shape : (h, w, c)
        What they are fitted to.
    outliers : frozenset of int
        Labels that count as outliers.
    """

    split: Split
    chosen: NDArray[np.integer]
    shape: Shape
    fit: Fit = "error"
    outliers: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.chosen)

    @cached_property
    def labels(self) -> NDArray[np.integer] | None:
        """Labels of shape (m,), or None where the data has none."""
        labels = self.split.labels
        return None if labels is None else labels[self.chosen]

    @cached_property
    def outlier(self) -> NDArray[np.bool_] | None:
        """Whether each image counts as an outlier, (m,); None where there are no labels."""
        if self.labels is None:
            return None
        return np.isin(self.labels, sorted(self.outliers))

    def read(self, indices: NDArray[np.integer]) -> NDArray[Any]:
        """Return images (k, h, w, c), float32, by their places in this subset."""
        return fitted(self.split.read(self.chosen[indices]), self.shape, self.fit)

    def epoch_order(self, rng: np.random.Generator) -> Iterator[NDArray[np.integer]]:
        """Yield a random order of the images in parts: one that the split reads well, if it can."""
        if isinstance(self.split, OrderedSplit):
            yield from self.split.epoch_order(self.chosen, rng)
        else:
            yield rng.permutation(len(self.chosen))

    def take(self, indices: NDArray[np.integer]) -> Subset:
        """Return a smaller subset."""
        return replace(self, chosen=self.chosen[indices])


@dataclass(frozen=True)
class Dataset:
    """What a run learns from and is measured on.

    Attributes
    ----------
    train : Subset
    validation : Subset or None
        Held-back training images, with the training split's outliers.
    test : Subset or None
    """

    train: Subset
    validation: Subset | None = None
    test: Subset | None = None

    @property
    def held_out(self) -> tuple[str, Subset | None]:
        """What a run is measured on, and its name: "validation" where there is one, else "test".

        Settings are chosen on validation images; who holds some back does not look at the others.
        """
        return ("test", self.test) if self.validation is None else ("validation", self.validation)

    @cached_property
    def digest(self) -> str:
        """A fingerprint of the training images, and of which of them are learned from."""
        digest = sha256(self.train.split.digest().encode())
        digest.update(np.ascontiguousarray(self.train.chosen).data)
        digest.update(repr((self.train.shape, self.train.fit)).encode())
        return digest.hexdigest()


def open_dataset(spec: DataSpec, shape: Shape, directory: Path | None) -> Dataset:
    """Return the images a data section describes.

    Training images are those of the training split with a label in `classes` (default: all not in
    `outliers`). Test images are the test split's inliers and outliers; validation images are
    held-back training images, and all outliers of the training split.

    Parameters
    ----------
    shape : (h, w, c)
        Of the graph's input.
    directory : Path or None
        The data directory; None where the source needs none.

    Raises
    ------
    DataMissingError
        The data set is not on this machine.
    DataError
        It is damaged, does not fit the input, or has no image of a class.
    """
    train, test = (spec.source.load(split, directory) for split in ("train", "test"))
    for split in (train, test):
        check_fit(split.shape, shape, spec.fit)
    selection = Selection(spec.classes, spec.outliers, spec.validation, spec.limit)
    return _dataset(train, test, selection, shape, spec.fit)


def dataset_from_arrays(
    images: Any,
    labels: Any,
    shape: Shape,
    *,
    outliers: Sequence[int] = (),
    classes: Sequence[int] | None = None,
) -> Dataset:
    """Return a data set of one's own arrays; it has no test images.

    Parameters
    ----------
    images : array of shape (n, h, w, c) or (n, h, w)
        uint8, which are scaled to [0, 1]; or floats on about [0, 1]; or booleans.
    labels : integer array of shape (n,), or None
    shape : (h, w, c)
        Of the graph's input.
    outliers, classes
        Labels of images to leave out, and to learn from (None: all others).

    Raises
    ------
    InputError
        The arrays do not fit each other or the graph's input.
    DataError
        A class has no image.
    """
    pixels = _checked_images(images, shape)
    numbers = None if labels is None else _checked_labels(labels, len(pixels))
    split = ArraySplit(pixels, numbers, 1 / 255 if pixels.dtype == np.uint8 else 1.0)
    return _dataset(split, None, Selection(classes, outliers), shape, "error")


def _dataset(
    train: Split, test: Split | None, selection: Selection, shape: Shape, fit: Fit
) -> Dataset:
    def subset(split: Split, chosen: NDArray[np.integer]) -> Subset:
        return Subset(split, chosen, shape, fit, frozenset(selection.outliers))

    learned, held_back = selection.training(train)
    return Dataset(
        train=subset(train, learned),
        validation=None if held_back is None else subset(train, held_back),
        test=None if test is None else subset(test, selection.test(test)),
    )


def _checked_images(images: Any, shape: Shape) -> NDArray[Any]:
    try:
        pixels = np.asarray(images)
    except ValueError as error:  # lists of unequal lengths
        message = f"training images cannot be made into an array: {error}"
        raise InputError(message) from error
    if pixels.dtype != np.uint8 and pixels.dtype.kind not in "fb":
        message = (
            f"training images must be uint8 (0 to 255) or floats (about 0 to 1), received dtype "
            f"{pixels.dtype}: convert them"
        )
        raise InputError(message)
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    if pixels.ndim != 4 or pixels.shape[1:] != shape or not len(pixels):
        message = (
            f"training images must have the shape (n, {shape[0]}, {shape[1]}, {shape[2]}) with n "
            f"at least 1, received {np.shape(images)}"
        )
        raise InputError(message)
    return pixels


def _checked_labels(labels: Any, n: int) -> NDArray[np.int64]:
    numbers = np.asarray(labels)
    if numbers.shape != (n,) or numbers.dtype.kind not in "iu":
        message = (
            f"labels must be {n} integers, one for each image, received dtype {numbers.dtype} and "
            f"shape {numbers.shape}"
        )
        raise InputError(message)
    if numbers.min() < 0:
        message = f"labels must not be below 0, received {numbers.min()}"
        raise InputError(message)
    return numbers.astype(np.int64)
