"""Where a mixture starts from: the mean of its input, and means that are taken from data."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dcgraph.signal import Signal

MeansFrom = Literal["uniform", "samples", "kmeans"]

# Beyond this mean of its input, a layer works about an offset rather than about 0: expanded squares
# then keep scores within 1e-3, or 1e-5 of their largest term, in single precision.
OFFSET_FROM = 0.5
ROWS_PER_COMPONENT = 4  # that are wanted at least, so that means can be spread out
ROWS_MOST = 20_000  # that k-means++ looks at


def offset_of(xp: Any, signal: Signal) -> float:
    """Return what to work about: the mean of all that is known, or 0 where that is near."""
    values, known = signal.values, signal.known
    count = values.size
    if known is not None:
        known = xp.broadcast_to(known, signal.shape)
        values = xp.where(known, values, xp.zeros_like(values))
        count = max(1, int(known.sum()))
    mean = float(values.sum(dtype=xp.float64)) / count
    return mean if abs(mean) > OFFSET_FROM else 0.0


def means_from_data(
    values: NDArray[Any],
    known: NDArray[np.bool_] | None,
    components: int,
    *,
    share: bool,
    how: MeansFrom,
    rng: np.random.Generator,
) -> NDArray[Any]:
    """Return means (P, K, d) that are rows of the data.

    Parameters
    ----------
    values : array of shape (n, h, w, d)
        On the host.
    known : boolean array that broadcasts to it, or None
        Rows are taken where all of them is known.
    how : {"samples", "kmeans"}
        At random; or by k-means++, far from each other.

    Raises
    ------
    ValueError
        There are fewer rows than components.
    """
    n, h, w, _ = values.shape
    complete: NDArray[np.bool_] = np.ones((n, h, w), bool)
    if known is not None:
        complete = np.asarray(np.broadcast_to(known, values.shape).all(axis=3))
    if share:
        groups = [values[complete]]
    else:
        groups = [values[complete[:, y, x], y, x] for y in range(h) for x in range(w)]
    fewest = min(len(rows) for rows in groups)
    if fewest < components:
        where = "" if share else " at a position"
        message = (
            f"means_from: {how} takes {components} means from the first images, which hold "
            f"{fewest} rows{where} where all is known: use fewer components, more images or "
            "means_from: uniform"
        )
        raise ValueError(message)
    chosen = [_chosen(rows, components, how, rng) for rows in groups]
    return np.stack(chosen)


def _chosen(
    rows: NDArray[Any], components: int, how: MeansFrom, rng: np.random.Generator
) -> NDArray[Any]:
    if how == "samples":
        return rows[rng.choice(len(rows), components, replace=False)]
    from sklearn.cluster import kmeans_plusplus

    looked_at = rows
    if len(rows) > ROWS_MOST:
        looked_at = rows[np.sort(rng.choice(len(rows), ROWS_MOST, replace=False))]
    means, _ = kmeans_plusplus(
        np.ascontiguousarray(looked_at), components, random_state=int(rng.integers(2**31))
    )
    return np.asarray(means, rows.dtype)
