"""A fixed split of images that come without one."""

from __future__ import annotations

import numpy as np

from dcgraph.contracts.source import ArraySplit, SplitName


def every_fifth(images: ArraySplit, split: SplitName) -> ArraySplit:
    """Return every fifth image as test images, the others as training images."""
    chosen = (np.arange(len(images)) % 5 == 4) == (split == "test")
    labels = None if images.labels is None else images.labels[chosen]
    return ArraySplit(images.images[chosen], labels, images.scale)
