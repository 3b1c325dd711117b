"""Which images of a split are learned from, held back, and scored, by their labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.source import Split
from dcgraph.errors import DataError
from dcgraph.rng import stream

Places = NDArray[np.integer]
PIECE = 2**20  # labels that are looked at together


@dataclass(frozen=True)
class Selection:
    """Which labels count as what.

    Attributes
    ----------
    classes : sequence of int or None
        Labels of inliers, which are learned from; None: all but `outliers`.
    outliers : sequence of int
        Labels of outliers.
    validation : float in [0, 1)
        Fraction of the training images that is held back, at least one image if above 0.
    limit : int or None
        At most so many images are learned from.
    """

    classes: Sequence[int] | None = None
    outliers: Sequence[int] = ()
    validation: float = 0.0
    limit: int | None = None

    def training(self, split: Split) -> tuple[Places, Places | None]:
        """Return the places of the images to learn from and of those to validate on, in order.

        Validation images are those held back, and all outliers of the split. Which are held back
        and which are left out beyond the limit is drawn once and for all, for it must not depend on
        a run's seed, and a file that is sorted by label must not lose labels.

        Raises
        ------
        DataError
            A class has no image, or no image is left to learn from.
        """
        inliers, outliers = self._parts(split, "training")
        _refuse_absent(self.classes or (), split, "training", "data.classes")
        self._refuse_none(inliers, "training")
        if not self.validation and (self.limit is None or self.limit >= len(inliers)):
            return inliers, None
        order = stream(0, "data", "split").permutation(len(inliers))
        held = max(1, round(self.validation * len(inliers))) if self.validation else 0
        if held == len(inliers):
            message = f"all {held} training images would be held back: lower it"
            raise DataError(message, field="data.validation")
        kept = order[held : None if self.limit is None else held + self.limit]
        train = inliers[np.sort(kept)]
        if not held:
            return train, None
        return train, np.sort(np.concatenate([inliers[order[:held]], outliers]))

    def test(self, split: Split) -> Places:
        """Return the places of inliers and outliers, in order.

        Raises
        ------
        DataError
            There is no inlier, or a label of outliers has no image.
        """
        inliers, outliers = self._parts(split, "test")
        _refuse_absent(self.outliers, split, "test", "data.outliers")
        self._refuse_none(inliers, "test")
        return np.sort(np.concatenate([inliers, outliers]))

    def _parts(self, split: Split, name: str) -> tuple[Places, Places]:
        """Return the places of inliers and of outliers."""
        if self.classes is None and not self.outliers:
            everything = np.arange(len(split), dtype=_index_type(len(split)))
            return everything, everything[:0]
        if split.labels is None:
            key = "classes" if self.classes is not None else "outliers"
            message = f"the {name} images have no labels to choose by: leave out {key}, or add them"
            raise DataError(message, field=f"data.{key}")
        outliers = list(self.outliers)
        if self.classes is None:
            inliers = _places(split.labels, outliers, among=False)
        else:
            inliers = _places(split.labels, list(self.classes), among=True)
        return inliers, _places(split.labels, outliers, among=True)

    def _refuse_none(self, inliers: Places, name: str) -> None:
        if len(inliers):
            return
        field, which = "data.source", ""
        if self.classes is not None:
            field, which = "data.classes", f" with the label {_listed(self.classes)}"
        elif self.outliers:
            field, which = "data.outliers", " that are not outliers"
        message = f"the data has no {name} images{which}"
        raise DataError(message, field=field)


def _index_type(n: int) -> np.dtype[np.signedinteger]:
    """Return the smallest dtype that counts to n: of large files, places are all that is held."""
    return np.dtype(np.int32 if n < 2**31 else np.int64)


def _places(labels: NDArray[np.integer], wanted: list[int], *, among: bool) -> Places:
    """Return the places of the labels that are among (or not among) the wanted ones."""
    parts = [
        (np.flatnonzero(np.isin(labels[i : i + PIECE], wanted, invert=not among)) + i).astype(
            _index_type(len(labels))
        )
        for i in range(0, len(labels), PIECE)
    ]
    return np.concatenate(parts) if parts else np.empty(0, np.int32)


def _refuse_absent(wanted: Iterable[int], split: Split, name: str, field: str) -> None:
    present = set() if split.labels is None else set(np.unique(split.labels).tolist())
    absent = sorted(set(wanted) - present)
    if absent:
        message = (
            f"no {name} image has the label {_listed(absent)} (labels there: "
            f"{_listed(sorted(present)) or 'none'})"
        )
        raise DataError(message, field=field)


def _listed(labels: Sequence[int]) -> str:
    return ", ".join(map(str, labels[:20])) + (", ..." if len(labels) > 20 else "")
