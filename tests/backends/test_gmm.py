"""The mixture kernels against SciPy, scikit-learn and loops."""

from __future__ import annotations

import numpy as np
import pytest
from builders import random_mixture, random_rows
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from dcgraph.backends.numpy import blocks, sums
from dcgraph.backends.numpy import fold as folding
from dcgraph.backends.numpy import gmm as kernels
from dcgraph.layers.gmm.density import pack
from dcgraph.signal import Signal

ALL = frozenset({"output", "log_likelihood", "max_component", "loss", "statistics"})
HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@st.composite
def cases(draw):
    """Return n, h, w, d, K, shared, a seed."""
    n, h, w = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    return (
        n,
        h,
        w,
        draw(st.integers(1, 5)),
        draw(st.integers(1, 6)),
        draw(st.booleans()),
        draw(st.integers(0, 999)),
    )


def log_joint(x, known, params):
    """Return log p(x_known, z=k), (n, h, w, K), by SciPy, a position and component at a time."""
    n, h, w, _ = x.shape
    sets, components, _ = params["means"].shape
    out = np.empty((n, h, w, components))
    known = np.ones(x.shape, bool) if known is None else np.broadcast_to(known, x.shape)
    for i, y, column in np.ndindex(n, h, w):
        p = 0 if sets == 1 else y * w + column
        log_weights = params["weight_logits"][p] - logsumexp(params["weight_logits"][p])
        seen = known[i, y, column]
        for k in range(components):
            value = log_weights[k]
            if seen.any():
                variance = params["precision_sqrt"][p, k, seen] ** -2.0
                value += multivariate_normal.logpdf(
                    x[i, y, column, seen], params["means"][p, k, seen], np.diag(variance)
                )
            out[i, y, column, k] = value
    return out


def statistics_by_loops(x, q, sets):
    """Return S0, S1, S2 of assignments q (n, h, w, K)."""
    n, h, w, d = x.shape
    components = q.shape[-1]
    s0 = np.zeros((sets, components))
    s1, s2 = np.zeros((sets, components, d)), np.zeros((sets, components, d))
    for i, y, column in np.ndindex(n, h, w):
        p = 0 if sets == 1 else y * w + column
        row, share = x[i, y, column], q[i, y, column]
        s0[p] += share
        s1[p] += share[:, None] * row
        s2[p] += share[:, None] * row**2
    return s0, s1, s2


def drawn(case, dtype=np.float64):
    n, h, w, d, components, shared, seed = case
    rng = np.random.default_rng(seed)
    sets = 1 if shared else h * w
    params = random_mixture(rng, components=components, dimensions=d, sets=sets, dtype=dtype)
    return rng.uniform(-1, 1, (n, h, w, d)).astype(dtype), params, rng


def close(actual, expected, dtype):
    tolerance = 2e-4 if np.dtype(dtype) == np.float32 else 1e-9
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


@given(cases(), st.booleans(), st.booleans())
def test_everything_wanted_agrees_with_scipy(dtype, case, smooth, soft):
    x, params, rng = drawn(case, dtype)
    joint = log_joint(x, None, params)
    components, sets = joint.shape[-1], len(params["means"])
    matrix = random_rows(rng, components) if smooth else None
    smoothing = None if matrix is None else matrix.astype(dtype)
    out = kernels.mixture_observe(Signal(x), pack(np, params), smoothing, soft=soft, want=ALL)

    close(out["output"], softmax(joint, axis=-1), dtype)
    close(out["log_likelihood"], logsumexp(joint, axis=-1), dtype)
    close(out["max_component"], joint.max(axis=-1), dtype)
    smoothed = joint if matrix is None else np.einsum("kj,nhwj->nhwk", matrix, joint)
    close(out["loss"], logsumexp(smoothed, axis=-1) if soft else smoothed.max(axis=-1), dtype)
    if soft:
        q = softmax(smoothed, axis=-1)
    else:
        q = np.arange(components) == smoothed.argmax(axis=-1)[..., None]
        gap = np.sort(smoothed, axis=-1)
        if components > 1 and (gap[..., -1] - gap[..., -2]).min() < 1e-3:
            return  # in single precision the winner may be another
    for name, expected in zip(("S0", "S1", "S2"), statistics_by_loops(x, q, sets), strict=True):
        close(out[name], expected, dtype)
        assert out[name].dtype == dtype
    n, h, w, _ = x.shape
    assert out["count"] == (n * h * w if sets == 1 else n)
    assert "known" not in out


@given(cases(), st.booleans(), st.sampled_from(["dimensions", "positions", "samples"]))
def test_unknown_dimensions_are_integrated_out(dtype, case, soft, masked):
    x, params, rng = drawn(case, dtype)
    n, h, w, d = x.shape
    shape = {"dimensions": (n, h, w, d), "positions": (1, h, w, 1), "samples": (n, 1, 1, 1)}[masked]
    known = rng.random(shape) < 0.6
    joint = log_joint(x, known, params)
    out = kernels.mixture_observe(
        Signal(x, known), pack(np, params), None, soft=soft, want=frozenset(ALL)
    )
    close(out["output"], softmax(joint, axis=-1), dtype)
    close(out["log_likelihood"], logsumexp(joint, axis=-1), dtype)
    close(out["max_component"], joint.max(axis=-1), dtype)
    any_known = np.broadcast_to(known, x.shape).any(axis=-1, keepdims=True)
    np.testing.assert_array_equal(out["known"], any_known)


def test_where_nothing_is_known_the_output_is_the_weights(dtype, rng):
    params = random_mixture(rng, components=4, dimensions=3, sets=2, dtype=dtype)
    signal = Signal(np.zeros((2, 1, 2, 3), dtype), np.zeros((1, 1, 1, 1), bool))
    out = kernels.mixture_observe(signal, pack(np, params), None, soft=True, want=ALL)
    weights = softmax(params["weight_logits"], axis=-1).reshape(1, 1, 2, 4)
    close(out["output"], np.broadcast_to(weights, (2, 1, 2, 4)), dtype)
    close(out["log_likelihood"], np.zeros((2, 1, 2)), dtype)
    assert not out["known"].any()
    assert not out["S0"].any()
    assert not out["S1"].any()


@given(cases(), st.booleans())
def test_statistics_of_partly_known_rows_hold_what_the_component_expects(case, soft):
    x, params, rng = drawn(case)
    known = rng.random(x.shape) < 0.6
    n, h, w, d = x.shape
    sets, components, _ = params["means"].shape
    joint = log_joint(x, known, params)
    q = softmax(joint, axis=-1) if soft else np.arange(components) == joint.argmax(-1)[..., None]
    s0 = np.zeros((sets, components))
    s1, s2 = np.zeros((sets, components, d)), np.zeros((sets, components, d))
    count = 0
    for i, y, column in np.ndindex(n, h, w):
        seen = known[i, y, column]
        if not seen.any():
            continue
        count += 1
        p = 0 if sets == 1 else y * w + column
        mean, variance = params["means"][p], params["precision_sqrt"][p] ** -2.0
        first = np.where(seen, x[i, y, column], mean)
        second = np.where(seen, x[i, y, column] ** 2, mean**2 + variance)
        share = q[i, y, column]
        s0[p] += share
        s1[p] += share[:, None] * first
        s2[p] += share[:, None] * second
    out = kernels.mixture_observe(
        Signal(x, known), pack(np, params), None, soft=soft, want=frozenset({"statistics"})
    )
    for name, expected in (("S0", s0), ("S1", s1), ("S2", s2)):
        np.testing.assert_allclose(out[name], expected, rtol=1e-9, atol=1e-9)
    if sets == 1:
        assert out["count"] == count


def test_log_likelihood_agrees_with_scikit_learn(rng):
    params = random_mixture(rng, components=5, dimensions=4)
    model = GaussianMixture(5, covariance_type="diag")
    model.weights_ = softmax(params["weight_logits"][0])
    model.means_ = params["means"][0]
    model.covariances_ = params["precision_sqrt"][0] ** -2.0
    model.precisions_cholesky_ = params["precision_sqrt"][0]
    rows = rng.standard_normal((12, 4))
    out = kernels.mixture_observe(
        Signal(rows.reshape(2, 2, 3, 4)),
        pack(np, params),
        None,
        soft=False,
        want=frozenset({"log_likelihood", "output"}),
    )
    np.testing.assert_allclose(out["log_likelihood"].ravel(), model.score_samples(rows))
    np.testing.assert_allclose(out["output"].reshape(12, 5), model.predict_proba(rows), atol=1e-12)


@pytest.mark.parametrize("want", [{name} for name in sorted(ALL)])
@pytest.mark.parametrize("masked", [False, True])
def test_each_quantity_is_the_same_alone(rng, want, masked):
    x, params, _ = drawn((3, 2, 2, 3, 4, False, 5))
    signal = Signal(x, rng.random(x.shape) < 0.7 if masked else None)
    matrix = random_rows(rng, 4)
    everything = kernels.mixture_observe(signal, pack(np, params), matrix, soft=False, want=ALL)
    alone = kernels.mixture_observe(
        signal, pack(np, params), matrix, soft=False, want=frozenset(want)
    )
    names = {"S0", "S1", "S2", "count"} if want == {"statistics"} else want
    if masked and want == {"output"}:
        names = {"output", "known"}
    assert set(alone) == names
    for name in names:
        np.testing.assert_allclose(alone[name], everything[name], rtol=1e-12)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("masked", [False, True])
def test_results_do_not_depend_on_the_size_of_blocks(monkeypatch, rng, shared, masked):
    x, params, _ = drawn((7, 3, 2, 4, 5, shared, 1))
    signal = Signal(x, rng.random(x.shape) < 0.8 if masked else None)
    matrix = random_rows(rng, 5)
    results = []
    for size in (1, 2**30):
        for name in ("CACHE_BYTES", "IMAGE_BYTES"):
            monkeypatch.setattr(blocks, name, size)
        results.append(
            kernels.mixture_observe(signal, pack(np, params), matrix, soft=True, want=ALL)
        )
    single, together = results
    assert set(single) == set(together)
    for name in single:
        np.testing.assert_allclose(single[name], together[name], rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("block", [1, 2**30])
def test_sums_by_winner_are_those_of_the_product(monkeypatch, dtype, shared, masked, block):
    x, params, rng = drawn((7, 3, 2, 4, 5, shared, 1), dtype)
    signal = Signal(x, rng.random(x.shape) < 0.6 if masked else None)
    monkeypatch.setattr(blocks, "CACHE_BYTES", block)
    results = []
    for columns in (1, 1000):
        monkeypatch.setattr(sums, "SEGMENTS_FROM", columns)
        results.append(
            kernels.mixture_observe(signal, pack(np, params), None, soft=False, want=ALL)
        )
    by_winner, by_product = results
    assert by_winner["count"] == by_product["count"]
    for name in ("S0", "S1", "S2"):
        assert by_winner[name].dtype == dtype
        close(by_winner[name], by_product[name], dtype)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("masked", [False, True])
def test_the_memory_order_of_the_input_makes_no_difference(rng, shared, masked):
    """Short patches come with dimensions first in memory."""
    patches = folding.fold(rng.random((3, 5, 4, 1)), (2, 2), (1, 1))
    assert not patches.flags.c_contiguous
    sets = 1 if shared else patches.shape[1] * patches.shape[2]
    params = random_mixture(rng, components=4, dimensions=4, sets=sets)
    known = rng.random(patches.shape) < 0.8 if masked else None
    results = [
        kernels.mixture_observe(Signal(x, known), pack(np, params), None, soft=True, want=ALL)
        for x in (patches, np.ascontiguousarray(patches))
    ]
    for name in results[0]:
        np.testing.assert_allclose(results[0][name], results[1][name], rtol=1e-11)
    np.testing.assert_allclose(
        kernels.mixture_scores(Signal(patches, known), pack(np, params)),
        kernels.mixture_scores(Signal(patches.copy(), known), pack(np, params)),
        rtol=1e-11,
    )


def test_the_first_of_tied_components_takes_the_row(dtype):
    params = {
        "means": np.zeros((1, 3, 2), dtype),
        "precision_sqrt": np.ones((1, 3, 2), dtype),
        "weight_logits": np.array([[-1.0, 0.0, 0.0]], dtype),
        "offset": np.zeros((), dtype),
    }
    x = np.linspace(-1, 1, 12, dtype=dtype).reshape(2, 1, 3, 2)
    out = kernels.mixture_observe(
        Signal(x), pack(np, params), None, soft=False, want=frozenset({"statistics", "loss"})
    )
    np.testing.assert_array_equal(out["S0"], [[0, 6, 0]])
    close(out["S1"][0, 1], x.sum(axis=(0, 1, 2)), dtype)


def test_scores_without_constant_are_those_of_the_known_dimensions(dtype, rng):
    x, params, _ = drawn((2, 2, 3, 3, 4, False, 8), dtype)
    known = rng.random(x.shape) < 0.6
    for mask in (None, known):
        dimensions = np.full(x.shape[:3], 3) if mask is None else mask.sum(axis=-1)
        expected = log_joint(x, mask, params) + HALF_LOG_2PI * dimensions[..., None]
        close(kernels.mixture_scores(Signal(x, mask), pack(np, params)), expected, dtype)


def direct_scores(x, params):
    """Return scores in the direct form, in double precision, and each one's largest term."""
    logits = params["weight_logits"].astype(np.float64)
    r, mu = params["precision_sqrt"].astype(np.float64), params["means"].astype(np.float64)
    difference = x.astype(np.float64)[..., None, :] - mu[0]
    quadratic = 0.5 * (r[0] ** 2 * difference**2).sum(axis=-1)
    log_r = np.log(r[0]).sum(axis=-1)
    scores = (logits - logsumexp(logits))[0] + log_r - quadratic
    return scores, np.maximum(np.abs(quadratic), np.abs(log_r))


@pytest.mark.parametrize(
    ("centre", "spread", "d"),
    [(0.5, 0.5, 9), (0.5, 0.5, 784), (0.04, 0.03, 3600), (200.0, 0.1, 48), (-200.0, 0.1, 9)],
)
def test_single_precision_stays_within_the_bound(rng, centre, spread, d):
    """1e-3 in score, or 1e-5 of its largest term, whichever is larger."""
    params = random_mixture(rng, components=9, dimensions=d, dtype=np.float32)
    params["means"] = (centre + spread * rng.uniform(-1, 1, params["means"].shape)).astype("f4")
    params["precision_sqrt"] = rng.uniform(3, 20**0.5, params["means"].shape).astype("f4")
    if abs(centre) > 2:
        params["offset"] = np.float32(centre)
    x = (centre + spread * rng.uniform(-1, 1, (20, 1, 1, d))).astype("f4")
    expected, largest = direct_scores(x, params)
    error = np.abs(kernels.mixture_scores(Signal(x), pack(np, params)) - expected)
    assert (error <= np.maximum(1e-3, 1e-5 * largest)).all()


def test_statistics_of_inputs_with_a_large_mean_give_their_variance(rng):
    x = (200 + 0.1 * rng.standard_normal((500, 1, 1, 3))).astype("f4")
    params = random_mixture(rng, components=1, dimensions=3, dtype=np.float32)
    params |= {"means": np.full((1, 1, 3), 200, "f4"), "offset": np.float32(200)}
    out = kernels.mixture_observe(
        Signal(x), pack(np, params), None, soft=False, want=frozenset({"statistics"})
    )
    mean = out["S1"] / out["count"]
    variance = out["S2"] / out["count"] - mean**2
    np.testing.assert_allclose(mean[0, 0] + 200, x.mean(axis=(0, 1, 2), dtype="f8"), rtol=1e-6)
    np.testing.assert_allclose(variance[0, 0], x.var(axis=(0, 1, 2), dtype="f8"), rtol=1e-4)


def test_integers_count_as_the_numbers_they_are(rng):
    params = random_mixture(rng, components=3, dimensions=5)
    x = rng.integers(0, 2, (2, 1, 1, 5))
    known = rng.random(x.shape) < 0.7
    for mask in (None, known):
        seen = [
            kernels.mixture_observe(
                Signal(values, mask), pack(np, params), None, soft=False, want=ALL
            )
            for values in (x, x.astype(float))
        ]
        for name in seen[0]:
            np.testing.assert_array_equal(seen[0][name], seen[1][name])


def test_the_input_is_left_as_it_is(rng):
    x, params, _ = drawn((2, 2, 2, 3, 4, True, 4))
    params["offset"] = np.asarray(3.0)
    before = x.copy()
    kernels.mixture_observe(Signal(x), pack(np, params), None, soft=True, want=ALL)
    np.testing.assert_array_equal(x, before)
