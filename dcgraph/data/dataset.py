"""Training, validation and test images, chosen as a graph's data section says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.source import ArraySplit, Split
from dcgraph.data.fitting import Fit, check_fit, fitted
from dcgraph.errors import DataError, InputError
from dcgraph.graph.specs import DataSpec
from dcgraph.rng import stream
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
    chosen: NDArray[np.int64]
    shape: Shape
    fit: Fit = "error"
    outliers: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.chosen)

    @cached_property
    def labels(self) -> NDArray[np.int64] | None:
        """Labels of shape (m,), or None where the data has none."""
        labels = self.split.labels
        return None if labels is None else labels[self.chosen]

    @cached_property
    def outlier(self) -> NDArray[np.bool_] | None:
        """Whether each image counts as an outlier, (m,); None where there are no labels."""
        if self.labels is None:
            return None
        return np.isin(self.labels, sorted(self.outliers))

    def read(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        """Return images (k, h, w, c), float32, by their places in this subset."""
        return fitted(self.split.read(self.chosen[indices]), self.shape, self.fit)

    def take(self, indices: NDArray[np.int64]) -> Subset:
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

    @cached_property
    def digest(self) -> str:
        """A fingerprint of the training images, and of which of them are learned from."""
        digest = sha256(self.train.split.digest().encode())
        digest.update(self.train.chosen.tobytes())
        digest.update(repr((self.train.shape, self.train.fit)).encode())
        return digest.hexdigest()


def open_dataset(spec: DataSpec, shape: Shape, directory: Path | None) -> Dataset:
    """Return the images a data section describes.

    Training images are those of the training split with a label in `classes` (default: all not in
    `outliers`). Test images are the test split's inliers and outliers; validation images are
    held-back training images, and all outliers of the training split.

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
    return _dataset(
        train,
        test,
        shape,
        classes=spec.classes,
        outliers=spec.outliers,
        fit=spec.fit,
        validation=spec.validation,
        limit=spec.limit,
    )


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
        uint8, which are scaled to [0, 1], or floats.
    labels : integer array of shape (n,), or None

    Raises
    ------
    InputError
        The arrays do not fit each other or the graph's input.
    """
    pixels = np.asarray(images)
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    if pixels.ndim != 4 or pixels.shape[1:] != shape or not len(pixels):
        message = (
            f"training images must have the shape (n, {shape[0]}, {shape[1]}, {shape[2]}) with n "
            f"at least 1, received {np.shape(images)}"
        )
        raise InputError(message)
    if pixels.dtype.kind not in "fiub":
        message = f"training images must be numbers, received dtype {pixels.dtype}"
        raise InputError(message)
    if labels is not None:
        labels = np.asarray(labels)
        if labels.shape != (len(pixels),) or labels.dtype.kind not in "iu":
            message = (
                f"labels must be {len(pixels)} integers, received dtype {labels.dtype} and shape "
                f"{labels.shape}"
            )
            raise InputError(message)
        labels = labels.astype(np.int64)
    split = ArraySplit(pixels, labels, 1 / 255 if pixels.dtype == np.uint8 else 1.0)
    return _dataset(split, None, shape, classes=classes, outliers=outliers)


def _dataset(
    train: Split,
    test: Split | None,
    shape: Shape,
    *,
    classes: Sequence[int] | None,
    outliers: Sequence[int],
    fit: Fit = "error",
    validation: float = 0.0,
    limit: int | None = None,
) -> Dataset:
    inner, outer = _chosen(train, classes, outliers, "training")
    # Fixed permutations: which images are held back or left out must not depend on a run's seed.
    order = stream(0, "data", "split").permutation(len(inner))
    held = round(validation * len(inner))
    kept = np.sort(order[held : None if limit is None else held + limit])
    if not kept.size:
        message = f"no training image is left: data.validation holds back {held} of {len(inner)}"
        raise DataError(message, field="validation")

    def subset(split: Split, chosen: NDArray[np.int64]) -> Subset:
        return Subset(split, chosen, shape, fit, frozenset(outliers))

    return Dataset(
        train=subset(train, inner[kept]),
        validation=(
            subset(train, np.sort(np.concatenate([inner[order[:held]], outer]))) if held else None
        ),
        test=(
            None
            if test is None
            else subset(test, np.sort(np.concatenate(_chosen(test, classes, outliers, "test"))))
        ),
    )


def _chosen(
    split: Split, classes: Sequence[int] | None, outliers: Sequence[int], name: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of inliers and of outliers in a split."""
    everything = np.arange(len(split), dtype=np.int64)
    if classes is None and not outliers:
        if not len(everything):
            message = f"the data set has no {name} images"
            raise DataError(message)
        return everything, everything[:0]
    labels = split.labels
    if labels is None:
        message = "the data has no labels, which data.classes and data.outliers need"
        raise DataError(message, field="outliers" if outliers else "classes")
    present = set(np.unique(labels).tolist())
    wanted = present - set(outliers) if classes is None else set(classes)
    _refuse_absent(wanted | set(outliers), present, name)
    is_in, is_out = np.isin(labels, sorted(wanted)), np.isin(labels, sorted(outliers))
    if not is_in.any():
        message = f"the data set has no {name} images that are no outliers"
        raise DataError(message, field="outliers")
    return everything[is_in], everything[is_out]


def _refuse_absent(wanted: Iterable[int], present: set[int], name: str) -> None:
    absent = sorted(set(wanted) - present)
    if absent:
        message = (
            f"no {name} image has the label {', '.join(map(str, absent))} (labels there: "
            f"{', '.join(map(str, sorted(present)))})"
        )
        raise DataError(message, field="classes")
