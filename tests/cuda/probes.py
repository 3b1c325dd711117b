"""Short checks of every kernel of a source, for kernels that have been tampered with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
from builders import random_mixture, random_rows
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from twins import HOST, assert_close, assert_equal, from_device, to_device

from dcgraph.backends.cupy import narrow, posterior, statistics, tiles
from dcgraph.backends.cupy import parts as adding
from dcgraph.backends.cupy import update as updating
from dcgraph.backends.cupy.backend import CupyBackend
from dcgraph.layers.gmm import density, updates
from dcgraph.rng import SampleStreams
from dcgraph.signal import Signal
from dcgraph.state import Statistics

FLOAT = np.float32
ALL = frozenset({"output", "log_likelihood", "max_component", "loss", "statistics"})


def fold(ops: CupyBackend) -> None:
    random = np.random.default_rng(1)
    for shape, kernel, stride in [
        ((2, 7, 5, 2), (2, 3), (1, 2)),
        ((3, 4, 7, 1), (3, 2), (2, 1)),
    ]:
        x = random.standard_normal(shape).astype(FLOAT)
        patches = HOST.fold(x, kernel, stride)
        assert_equal(ops, "fold", x, kernel, stride)
        patches = random.standard_normal(patches.shape).astype(FLOAT)
        assert_equal(ops, "fold_adjoint", patches, shape[1:], kernel, stride)
        known = random.random(patches.shape) < 0.3
        assert_equal(ops, "fold_mean", patches, known, shape[1:], kernel, stride)


def pool(ops: CupyBackend) -> None:
    random = np.random.default_rng(2)
    for shape, kernel, stride, size in [
        ((2, 7, 5, 2), (2, 3), (2, 1), (4, 3)),  # sticks out at the lower edge
        ((2, 5, 4, 1), (3, 2), (1, 2), (3, 2)),
        ((1, 4, 6, 2), (2, 3), (2, 2), (2, 3)),  # and at the right
    ]:
        x = random.integers(-3, 0, shape).astype(FLOAT)
        x[0, 0, 0] = np.nan
        grad = random.standard_normal((shape[0], *size, shape[3])).astype(FLOAT)
        assert_equal(ops, "pool_max", x, kernel, stride, size)
        assert_equal(ops, "pool_adjoint", np.nan_to_num(x), grad, kernel, stride, size)
        known = random.random(grad.shape) < 0.5
        choice = random.integers(0, kernel[0] * kernel[1], grad.shape[:3])
        for mask, cells in ((known, None), (None, choice)):
            assert_equal(ops, "pool_spread", grad, mask, cells, shape[1:], kernel, stride)


def coarse(array: NDArray[Any]) -> NDArray[np.float32]:
    """Round to halves, of which products are exact: what is tied stays so, in whatever order."""
    return (np.round(2 * array) / 2).astype(FLOAT)


def gmm(ops: CupyBackend) -> None:
    random = np.random.default_rng(3)
    for shared, components, shape, kernel in [
        (True, 35, (3, 6, 12, 2), (2, 3)),  # 150 rows: several blocks of them
        (True, 15, (12, 5, 6, 1), (3, 3)),  # narrow: 144 rows, 64 of them at once in a warp
        (False, 4, (3, 4, 3, 9), (3, 1)),
        (True, 3, (40, 3, 3, 11), (3, 3)),  # few rows: several blocks for each score
    ]:
        x = (2 + random.standard_normal(shape)).astype(FLOAT)
        patches = HOST.fold(x, kernel, (1, 1))
        parameters = random_mixture(
            random,
            components=components,
            dimensions=patches.shape[3],
            sets=1 if shared else patches.shape[1] * patches.shape[2],
            dtype=FLOAT,
            offset=2.0,
        )
        tied = {name: coarse(array) for name, array in parameters.items()}
        for name in ("means", "precision_sqrt", "weight_logits"):
            tied[name][:, 3::2] = tied[name][:, 1:2]
        smoothing = random_rows(random, components).astype(FLOAT)
        known = random.random(shape) < 0.7
        known[0] = False
        for own, mask, matrix, soft in [
            (tied, None, np.eye(components, dtype=FLOAT), False),
            (parameters, None, smoothing, False),
            (parameters, known, smoothing, True),
            (tied, None, None, False),
            (parameters, known, None, False),
            (parameters, None, None, False),
        ]:
            seen = coarse(x) if own is tied else x
            folded = None if mask is None else HOST.fold(mask, kernel, (1, 1))
            expected = HOST.mixture_observe(
                Signal(HOST.fold(seen, kernel, (1, 1)), folded),
                density.pack(np, own),
                matrix,
                soft=soft,
                want=ALL,
            )
            got = ops.kernels["mixture_observe_patches"](
                to_device(ops, Signal(seen, mask)),
                kernel,
                (1, 1),
                density.pack(ops.xp, to_device(ops, own)),
                to_device(ops, matrix),
                soft=soft,
                want=ALL,
            )
            assert_close(from_device(ops, got), expected, FLOAT)
        expected = HOST.mixture_scores(Signal(patches), density.pack(np, parameters))
        for wide in (1, tiles.MULTIPROCESSORS):  # as of many rows: in one part, by tall tiles
            with patch.multiple(tiles, MULTIPROCESSORS=wide, TALL_FROM=wide):
                got = ops.mixture_scores(
                    to_device(ops, Signal(patches)),
                    density.pack(ops.xp, to_device(ops, parameters)),
                )
            found = {"scores": from_device(ops, got)}  # rounding is 2e-7; TF32 cut short, 8e-6
            assert_close(found, {"scores": expected}, FLOAT, rtol=2e-6)
        patches[1] = np.nan  # rows that no component wins
        mixture = density.pack(ops.xp, to_device(ops, parameters))
        ops.mixture_observe(to_device(ops, Signal(patches)), mixture, None, soft=False, want=ALL)


def in_a_loop(ops: CupyBackend) -> None:
    """Let one small block go on from rows to rows, each of which a thread has."""
    with (
        patch.object(narrow, "LOOPING", 1),
        patch.object(posterior, "LOOPING", 1),
        patch.object(posterior, "SETTLE_FROM", 1),
        patch.object(posterior, "THREADS", (32,)),
    ):
        gmm(ops)


def sums(ops: CupyBackend) -> None:
    """Let small blocks sum many rows: in two chunks, and in two batches in the first."""
    random = np.random.default_rng(6)
    options = {"soft": False, "want": frozenset({"statistics"})}
    for sets, depth in [(1, 3), (2, 41)]:
        shape = (1100 // sets, sets, 1, depth)
        x = (2 + random.standard_normal(shape)).astype(FLOAT)
        parameters = random_mixture(
            random, components=4, dimensions=depth, sets=sets, dtype=FLOAT, offset=2.0
        )
        known = random.random(shape) < 0.7
        known[::3] = False
        blocks = 2 * sets * -(-depth // 32)
        here, there = density.pack(np, parameters), to_device(ops, parameters)
        for mask in (None, known):
            signal = Signal(x, mask)
            expected = HOST.mixture_observe(signal, here, None, **options)
            with patch.multiple(statistics, THREADS=64, BLOCKS=blocks, GRID_MAX=1):
                got = ops.mixture_observe(
                    to_device(ops, signal), density.pack(ops.xp, there), None, **options
                )
            assert_close(from_device(ops, got), expected, FLOAT)


def parts(ops: CupyBackend) -> None:
    random = np.random.default_rng(8)
    for count in (3, 19):
        summands = random.standard_normal((count, 7, 150)).astype(FLOAT)
        with patch.object(adding, "BLOCKS_MAX", 1):
            got = ops.to_host(adding.added(ops.device, ops.asarray(summands)))
        assert_close({"sum": got}, {"sum": summands.sum(axis=0)}, FLOAT)


def by_scores(ops: CupyBackend) -> None:
    """Write scores whatever the shape, and let warps have their rows."""
    with patch.object(narrow, "COMPONENTS_MAX", 0), patch.object(tiles, "ADDING_TIME", 0):
        gmm(ops)


def without_tensor_cores(ops: CupyBackend) -> None:
    with patch.object(tiles, "TENSOR_FROM", 1000):
        by_scores(ops)


def settled(ops: CupyBackend) -> None:
    """Write scores whatever the shape, and let threads have their rows."""
    with patch.object(narrow, "COMPONENTS_MAX", 0):
        in_a_loop(ops)


def update(ops: CupyBackend) -> None:
    random = np.random.default_rng(4)
    for sets, components, depth in [(3, 5, 37), (1, 3, 600)]:
        parameters = random_mixture(
            random, components=components, dimensions=depth, sets=sets, dtype=FLOAT, offset=3.0
        )
        there = to_device(ops, parameters)
        expected, got = density.pack(np, parameters), density.packed(ops, there)
        for name in ("matrix", "bias", "log_weights"):
            array = ops.to_host(getattr(got, name))
            assert_close({name: array}, {name: getattr(expected, name)}, FLOAT)
        s0 = random.random((sets, components)).astype(FLOAT)
        s0[:, 2] = 0
        s0[-1, :2] = 1e-7  # less than any component counts for
        x = random.standard_normal((sets, components, depth)).astype(FLOAT)
        spread = random.random(x.shape).astype(FLOAT) * (random.random(x.shape) < 0.7)
        sums = {"S0": s0, "S1": s0[..., None] * x, "S2": s0[..., None] * (x**2 + spread)}
        best = updates.maximize(np, parameters, Statistics(sums, 1.0), None, 20.0)
        del best["offset"]
        on_device = to_device(ops, sums)
        for bounds in [(0.0, np.inf), (1.2, 4.0)]:
            best["precision_sqrt"] = np.clip(best["precision_sqrt"], *map(FLOAT, bounds))
            found = updating.mixture_maximize(
                ops.device,
                tuple(on_device.values()),
                there,
                weight_min=updates.WEIGHT_MIN,
                variance_min=0.05,
                bounds=bounds,
            )
            assert_close(from_device(ops, found), best, FLOAT, rtol=1e-4)
        other = {name: array[::-1] + 1 for name, array in sums.items()}
        there_too = to_device(ops, other)
        for factors in [(0.25, 3.0), (ops.asarray(FLOAT(0.25)), ops.asarray(FLOAT(3)))]:
            mean = updating.running_mean(ops.device, on_device, there_too, *factors)
            wanted = {name: FLOAT(0.25) * sums[name] + FLOAT(3) * other[name] for name in sums}
            assert_close(from_device(ops, mean), wanted, FLOAT)


def draw(ops: CupyBackend) -> None:
    there, here = ops.draws(1, "a", "b", 3, 2), SampleStreams(1, "a", "b", 3, 2)
    uniform = ops.to_host(there.uniform(5, 5, dtype=FLOAT))
    assert_array_equal(uniform, here.uniform(5, 5, dtype=FLOAT))
    normal = ops.to_host(there.normal(5, 5, dtype=FLOAT))
    assert np.isfinite(normal).all()
    assert len(np.unique(normal)) == normal.size
    weights = np.random.default_rng(5).random((2, 5, 5, 7)).astype(FLOAT)
    weights[..., 0] = 0
    uniform[0, 0, 0] = 0
    assert_equal(ops, "categorical", weights, uniform)


PROBES: dict[str, tuple[Callable[[CupyBackend], None], ...]] = {
    "fold": (fold,),
    "pool": (pool,),
    "rows": (gmm,),
    "scores": (without_tensor_cores,),
    "tensor": (by_scores,),
    "posterior": (by_scores, settled),
    "settle": (in_a_loop, settled),
    "narrow": (in_a_loop,),
    "sums": (sums, parts),
    "update": (update,),
    "draw": (draw,),
    "common": (fold, pool, gmm, update, draw),
}
