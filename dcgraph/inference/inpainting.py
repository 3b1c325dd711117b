"""In-painting: what is known goes up, what is missing comes down (paper section IV-F)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.engine.scheduler import Scheduler
from dcgraph.errors import InputError
from dcgraph.inference.sampling import BATCH, variants
from dcgraph.signal import Signal


def kept(images: NDArray[Any], known: Any) -> NDArray[np.bool_]:
    """Return which pixels are to be kept, a boolean array in the shape of the images.

    Parameters
    ----------
    images : array of shape (n, h, w, c)
        NaN where unknown.
    known : boolean array of shape (h, w), (n, h, w), that of the images, or None

    Raises
    ------
    InputError
        The mask does not fit; no pixel is unknown; or an image has no known pixel.
    """
    n, h, w, c = images.shape
    keep: NDArray[np.bool_] = ~np.isnan(images)
    if known is not None:
        mask = np.asarray(known)
        if mask.dtype != np.bool_:
            message = f"the mask of known pixels must be boolean, received dtype {mask.dtype}"
            raise InputError(message)
        if mask.shape not in ((h, w), (n, h, w), (n, h, w, c)):
            message = (
                f"the mask of known pixels must have the shape ({h}, {w}), ({n}, {h}, {w}) or "
                f"({n}, {h}, {w}, {c}), received {mask.shape}"
            )
            raise InputError(message)
        keep &= mask if mask.ndim == 4 else mask[..., None]
    if keep.all():
        message = "every pixel is known: there is nothing to in-paint"
        raise InputError(message)
    blank = np.flatnonzero(~keep.any(axis=(1, 2, 3)))
    if blank.size:
        message = (
            f"image {blank[0]} has no known pixel ({blank.size} of {n} images): there is nothing "
            "to go by; draw samples instead"
        )
        raise InputError(message)
    return keep


def inpaint(
    scheduler: Scheduler,
    images: NDArray[Any],
    keep: NDArray[np.bool_],
    *,
    node: str,
    n: int,
    seed: int,
    fill: float | None,
) -> NDArray[Any]:
    """Return n completions of the images, (n, m, h, w, c); kept pixels are untouched.

    Parameters
    ----------
    fill : float or None
        What unknown pixels go up as; None integrates them out.
    """
    if n < 1:
        message = f"cannot make {n} completions: ask for at least 1"
        raise InputError(message)

    def signals() -> Iterator[Signal]:
        for start in range(0, len(images), BATCH):
            part, known = images[start : start + BATCH], keep[start : start + BATCH]
            if fill is None:
                yield scheduler.signal(part, known)
            else:
                yield scheduler.signal(np.where(known, part, fill))

    completions = []
    for index in range(n):
        drawn = np.concatenate(
            list(variants(scheduler, signals(), node, seed=seed, purpose=f"inpaint {index}"))
        )
        completions.append(np.where(keep, images, drawn).astype(images.dtype, copy=False))
    return np.stack(completions)
