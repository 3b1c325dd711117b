"""The 8x8 handwritten digits that scikit-learn carries: real data, always at hand."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from dcgraph.contracts.source import ArraySplit, Source, SourceInfo, SplitName
from dcgraph.sources.every_fifth import every_fifth


class Digits(Source):
    """1,797 grey digits of 8x8 pixels; every fifth is a test image."""

    type: ClassVar[str] = "digits"
    info: ClassVar[SourceInfo] = SourceInfo(
        "1,797 handwritten digits, 8x8 (UCI, carried by scikit-learn)", (8, 8, 1), 10, "CC BY 4.0"
    )

    def load(self, split: SplitName, directory: Path | None) -> ArraySplit:
        from sklearn.datasets import load_digits

        bunch = load_digits()
        images = bunch.images.astype(np.uint8)[..., None]  # whole numbers from 0 to 16
        return every_fifth(ArraySplit(images, bunch.target.astype(np.int64), scale=1 / 16), split)
