"""Sufficient statistics of a batch: sums over the rows of each component."""

from __future__ import annotations

from typing import Any

from dcgraph.backends.contract import MixtureParameters
from dcgraph.backends.cupy.device import (
    GRID_MAX,
    NULL,
    SHARED_BYTES,
    Device,
    integers,
    type_name,
)
from dcgraph.backends.cupy.rows import Rows
from dcgraph.backends.cupy.sources import instance
from dcgraph.signal import Array

TILES = (128, 64, 32)  # threads of a block: dimensions side by side
CHUNKS = 256  # parts that rows are divided into, at most,
CHUNK_ROWS = 64  # each of so many rows, at least
PARTIALS = 2**23  # numbers in the sums of all chunks, at most

Sums = tuple[Array, Array, Array, Array | None]
"""S0 (P, K), S1, S2 and the sums of what is known, (P, K, d); the last only where there is a mask.
"""


def segments(device: Device, rows: Rows, winner: Array, mixture: MixtureParameters) -> Sums | None:
    """Return sums over the rows that each component has won; None where it has too many components.

    How rows are divided among blocks depends on shapes alone, so that every device adds up the
    same numbers in the same order.

    Parameters
    ----------
    winner : int32 array of shape (n, h, w)
        -1 where a row counts for nothing.
    """
    xp = device.xp
    sets, components = mixture.bias.shape
    dtype = mixture.matrix.dtype
    masked = rows.known is not None
    arrays = 3 if masked else 2
    needed = {tile: components * (arrays * tile + 1) * dtype.itemsize for tile in TILES}
    fitting = [
        tile
        for tile in TILES
        if needed[tile] <= SHARED_BYTES and (tile <= rows.depth or tile == TILES[-1])
    ]
    if not fitting:
        return None
    tile = fitting[0]
    per_set = rows.count // sets
    chunks = max(1, min(CHUNKS, PARTIALS // (sets * components * rows.depth)))
    chunk_rows = max(CHUNK_ROWS, -(-per_set // chunks))
    chunks = -(-per_set // chunk_rows)
    s0 = xp.empty((chunks, sets, components), dtype)
    s1, s2, s_known = (
        xp.empty((chunks, sets, components, rows.depth), dtype) if wanted else NULL
        for wanted in (True, True, masked)
    )
    if chunks:
        launch = device.kernel(
            "gmm",
            instance("mixture_sums", type_name(s0), "true" if masked else "false"),
        )
        launch(
            (-(-rows.depth // tile), chunks, min(sets, GRID_MAX)),
            (tile,),
            (
                rows.values,
                rows.known if masked else NULL,
                xp.asarray(mixture.offset, dtype),
                winner,
                s0,
                s1,
                s2,
                s_known,
                *integers(per_set, sets, components, rows.depth, chunk_rows),
                *rows.layout,
            ),
            shared_mem=needed[tile],
        )
    return (
        _added(s0),
        _added(s1),
        _added(s2),
        _added(s_known) if masked else None,
    )


def _added(partial: Array) -> Array:
    """Return the sum over chunks."""
    return partial[0] if len(partial) == 1 else partial.sum(axis=0)


def products(device: Device, rows: Rows, assignment: Array, mixture: MixtureParameters) -> Sums:
    """Return sums over all rows, weighted by the assignment of each, as matrix products.

    Parameters
    ----------
    assignment : array of shape (n, h, w, K)
    """
    xp = device.xp
    sets = mixture.bias.shape[0]
    values, known = rows.written(device)
    values = values - xp.asarray(mixture.offset, values.dtype)
    if known is not None:
        values = values * known
    weights = _by_set(assignment, sets).swapaxes(1, 2)  # (P, K, m)
    x = _by_set(values, sets)
    product, seen = device.matmul, None
    if known is not None:
        seen = product(weights, _by_set(known.astype(values.dtype), sets))
    return weights.sum(axis=2), product(weights, x), product(weights, x * x), seen


def _by_set(array: Array, sets: int) -> Array:
    """Return (n, h, w, D) as (P, m, D)."""
    n, h, w, depth = array.shape
    if sets == 1:
        return array.reshape(1, n * h * w, depth)
    return array.reshape(n, h * w, depth).swapaxes(0, 1)


def add_unseen(s0: Array, s1: Array, s2: Array, s_known: Array, mixture: MixtureParameters) -> None:
    """Add what components expect of dimensions they could not see: mean and second moment."""
    means: Any = mixture.centred_means.swapaxes(1, 2)
    unseen = s0[..., None] - s_known
    s1 += unseen * means
    s2 += unseen * (means**2 + mixture.variances.swapaxes(1, 2))
