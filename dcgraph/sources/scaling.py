"""From stored numbers to what a model sees, about [0, 1]: declared, and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import DataError

# Floats that nothing is said of: standardised images pass, bytes stored as floats do not.
ABOUT = (-1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Scaling:
    """``(stored - low) * scale``.

    Attributes
    ----------
    low, scale : float
    bounds : (float, float) or None
        What stored numbers must lie between; None: anything will do.
    declared : bool
        Whether the user gave the bounds.
    """

    low: float = 0.0
    scale: float = 1.0
    bounds: tuple[float, float] | None = None
    declared: bool = False

    @classmethod
    def of(
        cls, dtype: np.dtype[Any], scale: float | None, limits: tuple[float, float] | None
    ) -> Scaling:
        """Return the scaling of images of a dtype, with what the user says of them."""
        if limits is not None:
            low, high = limits
            return cls(low, 1 / (high - low), limits, declared=True)
        if scale is not None:
            return cls(scale=scale)
        if dtype == np.uint8:
            return cls(scale=1 / 255)
        return cls(bounds=ABOUT)

    def check(self, images: NDArray[Any], path: Path) -> None:
        """Refuse images (n, ...) with a number outside the bounds; NaN is unknown, and allowed.

        Raises
        ------
        DataError
        """
        if self.bounds is None or not images.size:
            return
        with np.errstate(invalid="ignore"):
            lowest, highest = (float(f.reduce(images, None)) for f in (np.fmin, np.fmax))
        low, high = self.bounds
        if not (lowest < low or highest > high):  # nor where everything is unknown
            return
        if self.declared:
            message = (
                f"images hold numbers from {lowest:g} to {highest:g}, outside {low:g} to {high:g}"
            )
            raise DataError(message, file=path, field="data.range")
        message = (
            f"images are floats from {lowest:g} to {highest:g}, expected about 0 to 1: declare "
            f"data.range: [{lowest:g}, {highest:g}] to have them scaled (or data.scale: 1 to have "
            "them as they are)"
        )
        raise DataError(message, file=path, field="data.range")

    def apply(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Return the images as the model sees them, a new array."""
        scaled = images.astype(np.float32)
        if self.low:
            scaled -= np.float32(self.low)
        if self.scale != 1:
            scaled *= np.float32(self.scale)
        return scaled
