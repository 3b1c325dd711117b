"""In-painting: what is known goes up, what is missing comes down (paper section IV-F)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.engine.scheduler import Scheduler
from dcgraph.errors import InputError
from dcgraph.inference.readout import Readout
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


def check_request(n: int, fill: float | None) -> None:
    """Refuse what cannot be: fewer than one completion, or a fill that is no number.

    Raises
    ------
    InputError
    """
    if n < 1:
        message = f"cannot make {n} completions: ask for at least 1"
        raise InputError(message)
    if fill is not None and not np.isfinite(fill):
        message = f"unknown pixels cannot go up as {fill}: give a number, or None to integrate"
        raise InputError(message)


def inpaint(
    scheduler: Scheduler,
    images: NDArray[Any],
    keep: NDArray[np.bool_],
    *,
    node: str,
    n: int,
    seed: int,
    fill: float | None,
    readout: Readout | None = None,
) -> Iterator[NDArray[Any]]:
    """Yield n completions of at most 100 images at a time, (n, m, h, w, c).

    Kept pixels are untouched.

    Parameters
    ----------
    fill : float or None
        What unknown pixels go up as; None integrates them out.
    """
    starts = range(0, len(images), BATCH)

    def signals() -> Iterator[Signal]:
        for start in starts:
            part, known = images[start : start + BATCH], keep[start : start + BATCH]
            if fill is None:
                yield scheduler.signal(part, known)
            else:
                yield scheduler.signal(np.where(known, part, fill))

    walks = variants(scheduler, signals(), node, n=n, seed=seed, purpose="inpaint", readout=readout)
    for start, drawn in zip(starts, walks, strict=True):
        part, known = images[start : start + BATCH], keep[start : start + BATCH]
        yield np.where(known, part, drawn).astype(images.dtype, copy=False)
