"""Mixture kernels against their NumPy twins, on odd shapes, and against the plain formula."""

from __future__ import annotations

import numpy as np
import pytest
from builders import random_mixture, random_rows
from twins import HOST, assert_close, from_device, to_device

from dcgraph.errors import BackendError
from dcgraph.layers.gmm import density
from dcgraph.signal import Signal

ALL = frozenset({"output", "log_likelihood", "max_component", "loss", "statistics"})
CASES = {  # sets, components, positions (n, h, w), dimensions
    "one of each": (1, 1, (1, 1, 1), 1),
    "tiles of 32": (1, 9, (2, 3, 5), 7),
    "two tiles of rows": (1, 25, (5, 5, 3), 18),
    "tiles of 64": (1, 49, (2, 3, 4), 33),
    "two tiles of components": (1, 70, (2, 3, 2), 16),
    "one position": (1, 33, (13, 1, 1), 40),
    "few rows, many dimensions": (1, 7, (1, 2, 1), 130),
    "several blocks of rows": (1, 10, (3, 11, 9), 3),
    "per position": (6, 4, (3, 2, 3), 5),
    "per position, many": (20, 40, (2, 5, 4), 17),
    "per position, one sample": (3, 2, (1, 3, 1), 130),
}


@pytest.fixture(params=CASES, ids=str)
def case(request, random, dtype):
    sets, components, positions, depth = CASES[request.param]
    parameters = random_mixture(
        random, components=components, dimensions=depth, sets=sets, dtype=dtype
    )
    values = random.standard_normal((*positions, depth)).astype(dtype)
    return parameters, values


def masks(random, values, kind):
    known = {
        "no": None,
        "entries": random.random(values.shape) < 0.7,
        "positions": random.random((*values.shape[:3], 1)) < 0.6,
        "some nothing": random.random(values.shape) < 0.7,
        "nothing": np.zeros(values.shape, bool),
    }[kind]
    if kind == "some nothing":
        known[::2, 0] = False
    return known


CUPY = "dcgraph.backends.cupy"
WAYS = {  # what shapes decide on large batches, decided otherwise
    "by shape": {},
    "one block loops": {"narrow.LOOPING": 1, "posterior.SETTLE_FROM": 1, "posterior.LOOPING": 1},
    "by scores, warps": {"narrow.COMPONENTS_MAX": 0, "tiles.MULTIPROCESSORS": 1},
    "by tall tiles": {"narrow.COMPONENTS_MAX": 0, "tiles.TALL_FROM": 0},
    "without tensor cores": {"narrow.COMPONENTS_MAX": 0, "tiles.TENSOR_FROM": 1000},
    "by scores, threads": {"narrow.COMPONENTS_MAX": 0, "posterior.SETTLE_FROM": 1},
}


DIVISIONS = {  # of the work of a score product among blocks
    "by shape": {},
    "tall tiles": {"TALL_FROM": 0},
    "one part": {"MULTIPROCESSORS": 1},
    "tall tiles in one part": {"TALL_FROM": 0, "MULTIPROCESSORS": 1},
    "without tensor cores": {"TENSOR_FROM": 1000},
}


@pytest.fixture(params=WAYS)
def _way(request, monkeypatch):
    """Go every way, whatever the shape."""
    for name, value in WAYS[request.param].items():
        monkeypatch.setattr(f"{CUPY}.{name}", value)


def observed(ops, parameters, signal, smoothing, *, soft, want=ALL):
    """Return what both backends observe."""
    expected = HOST.mixture_observe(
        signal, density.pack(np, parameters), smoothing, soft=soft, want=want
    )
    got = ops.mixture_observe(
        to_device(ops, signal),
        density.packed(ops, to_device(ops, parameters)),
        to_device(ops, smoothing),
        soft=soft,
        want=want,
    )
    return from_device(ops, got), expected


@pytest.mark.parametrize("masked", ["no", "entries", "positions", "some nothing", "nothing"])
@pytest.mark.parametrize("division", DIVISIONS)
def test_scores(cupy_ops, case, random, dtype, masked, division, monkeypatch):
    for name, value in DIVISIONS[division].items():
        monkeypatch.setattr(f"{CUPY}.tiles.{name}", value)
    parameters, values = case
    known = masks(random, values, masked)
    if known is not None:
        values = np.where(known, values, 0).astype(dtype)
    expected = HOST.mixture_scores(Signal(values, known), density.pack(np, parameters))
    got = cupy_ops.mixture_scores(
        to_device(cupy_ops, Signal(values, known)),
        density.packed(cupy_ops, to_device(cupy_ops, parameters)),
    )
    assert_close({"scores": cupy_ops.to_host(got)}, {"scores": expected}, dtype)


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("smooth", [False, True], ids=["plain", "smoothed"])
@pytest.mark.parametrize("masked", ["no", "some nothing"])
def test_observe_with_hard_assignments(cupy_ops, case, random, dtype, masked, smooth):
    parameters, values = case
    smoothing = None
    if smooth:  # not symmetric: a transposed product would show
        smoothing = random_rows(random, parameters["means"].shape[1]).astype(dtype)
    signal = Signal(values, masks(random, values, masked))
    got, expected = observed(cupy_ops, parameters, signal, smoothing, soft=False)
    assert_close(got, expected, dtype)


@pytest.mark.parametrize("smooth", [False, True], ids=["plain", "smoothed"])
@pytest.mark.parametrize("masked", ["no", "some nothing"])
def test_observe_with_soft_assignments(cupy_ops, case, random, dtype, masked, smooth):
    parameters, values = case
    smoothing = None
    if smooth:
        smoothing = random_rows(random, parameters["means"].shape[1]).astype(dtype)
    signal = Signal(values, masks(random, values, masked))
    got, expected = observed(cupy_ops, parameters, signal, smoothing, soft=True)
    assert_close(got, expected, dtype)


@pytest.mark.parametrize("want", sorted(ALL))
def test_what_is_not_wanted_is_not_returned(cupy_ops, case, dtype, want):
    parameters, values = case
    got, expected = observed(
        cupy_ops, parameters, Signal(values), None, soft=False, want=frozenset({want})
    )
    assert_close(got, expected, dtype)


@pytest.mark.usefixtures("_way")
def test_an_offset_is_subtracted(cupy_ops, random, dtype):
    parameters = random_mixture(random, components=9, dimensions=8, dtype=dtype, offset=200.0)
    values = (200 + random.standard_normal((2, 3, 3, 8))).astype(dtype)
    known = random.random(values.shape) < 0.8
    for signal in (Signal(values), Signal(values, known)):
        got, expected = observed(cupy_ops, parameters, signal, None, soft=False)
        assert_close(got, expected, dtype, rtol=1e-4)
    # about the offset, not about 0
    assert np.abs(got["S1"]).max() < 100


def test_scores_follow_the_formula(cupy_ops, random, dtype):
    parameters = random_mixture(random, components=5, dimensions=300, dtype=dtype)
    values = random.standard_normal((2, 2, 1, 300)).astype(dtype)
    exact = {name: array.astype(np.float64) for name, array in parameters.items()}
    r, mu = exact["precision_sqrt"][0], exact["means"][0]
    log_pi = density.log_softmax(np, exact["weight_logits"])[0]
    apart = values.astype(np.float64)[..., None, :] - mu
    expected = log_pi + np.log(r).sum(axis=1) - 0.5 * (r**2 * apart**2).sum(axis=-1)
    mixture = density.packed(cupy_ops, to_device(cupy_ops, parameters))
    got = cupy_ops.to_host(cupy_ops.mixture_scores(to_device(cupy_ops, Signal(values)), mixture))
    assert np.abs(got - expected).max() < max(1e-3, 1e-5 * np.abs(expected).max())


@pytest.mark.usefixtures("_way")
def test_ties_go_to_the_first(cupy_ops, random, dtype):
    one = random_mixture(random, components=1, dimensions=3, dtype=dtype)
    for components in (2, 33, 70):
        parameters = {
            name: np.repeat(array, components, axis=1) if array.ndim > 1 else array
            for name, array in one.items()
        }
        values = random.standard_normal((2, 2, 2, 3)).astype(dtype)
        got, _ = observed(cupy_ops, parameters, Signal(values), None, soft=False)
        np.testing.assert_array_equal(got["S0"], [[8, *[0] * (components - 1)]])


def test_many_rows_are_summed_in_chunks(cupy_ops, random, dtype):
    parameters = random_mixture(random, components=4, dimensions=3, dtype=dtype)
    values = random.standard_normal((3, 11, 9, 3)).astype(dtype)  # 297 rows: 2 chunks
    got, expected = observed(cupy_ops, parameters, Signal(values), None, soft=False)
    assert_close(got, expected, dtype)
    assert got["S0"].sum() == 297


def test_components_beyond_shared_memory_are_summed_by_products(cupy_ops, random, dtype):
    components = 400
    parameters = random_mixture(random, components=components, dimensions=5, dtype=dtype)
    values = random.standard_normal((2, 2, 2, 5)).astype(dtype)
    smoothing = random_rows(random, components).astype(dtype)
    for matrix in (None, smoothing):
        got, expected = observed(cupy_ops, parameters, Signal(values), matrix, soft=False)
        assert_close(got, expected, dtype)


def test_more_components_than_a_block_can_hold_are_refused(cupy_ops, random):
    parameters = random_mixture(random, components=4000, dimensions=1, dtype=np.float64)
    mixture = density.pack(cupy_ops.xp, to_device(cupy_ops, parameters))
    signal = to_device(cupy_ops, Signal(np.zeros((1, 1, 1, 1))))
    with pytest.raises(BackendError, match="at most 3072 components in float64, received 4000"):
        cupy_ops.mixture_observe(signal, mixture, None, soft=False, want=ALL)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "shared"),
    [
        ((2, 6, 5, 2), (3, 2), (1, 2), True),
        ((2, 5, 7, 3), (2, 3), (2, 1), False),
        ((3, 4, 4, 1), (4, 4), (1, 1), True),
        ((1, 5, 4, 5), (1, 1), (1, 1), True),
    ],
)
def test_patches_that_are_never_written_are_those_that_are(
    cupy_ops, random, dtype, shape, kernel, stride, shared, masked
):
    x = random.standard_normal(shape).astype(dtype)
    known = random.random(shape) < 0.8 if masked else None
    patches = HOST.fold(x, kernel, stride)
    sets = 1 if shared else patches.shape[1] * patches.shape[2]
    parameters = random_mixture(
        random, components=9, dimensions=patches.shape[3], sets=sets, dtype=dtype
    )
    folded = None if known is None else HOST.fold(known, kernel, stride)
    for soft in (False, True):
        expected = HOST.mixture_observe(
            Signal(patches, folded), density.pack(np, parameters), None, soft=soft, want=ALL
        )
        got = cupy_ops.kernels["mixture_observe_patches"](
            to_device(cupy_ops, Signal(x, known)),
            kernel,
            stride,
            density.packed(cupy_ops, to_device(cupy_ops, parameters)),
            None,
            soft=soft,
            want=ALL,
        )
        assert_close(from_device(cupy_ops, got), expected, dtype)


@pytest.mark.usefixtures("_way")
def test_nan_shows_in_the_loss(cupy_ops, random, dtype):
    parameters = random_mixture(random, components=4, dimensions=3, dtype=dtype)
    values = np.full((1, 2, 1, 3), np.nan, dtype)
    mixture = density.packed(cupy_ops, to_device(cupy_ops, parameters))
    signal = to_device(cupy_ops, Signal(values))
    got = cupy_ops.mixture_observe(signal, mixture, None, soft=False, want=ALL)
    assert not np.isfinite(cupy_ops.to_host(got["loss"])).any()
