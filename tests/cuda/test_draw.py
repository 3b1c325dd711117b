"""Random numbers on the device: NumPy's generator bit for bit, and draws that follow it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from twins import HOST, assert_equal

from dcgraph.rng import SampleStreams, stream_key

STREAM = (3, "gmm1", "sample")


def drawn(ops, kind, shape, dtype, *, start=0, n=4):
    draws = ops.draws(*STREAM, start, n)
    return ops.to_host(getattr(draws, kind)(*shape, dtype=dtype))


def words(sample, count, call=0):
    """Return what NumPy's own generator yields for a sample."""
    counter = [0, call, sample, 0]
    return np.random.Philox(key=stream_key(*STREAM), counter=counter).random_raw(count)


@pytest.mark.parametrize("shape", [(1,), (3, 5), (2, 3, 7), (4, 4, 1), (600,)])
def test_uniform_numbers_are_those_of_the_host(cupy_ops, dtype, shape):
    got = drawn(cupy_ops, "uniform", shape, dtype, start=5)
    expected = SampleStreams(*STREAM, 5, 4).uniform(*shape, dtype=dtype)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, expected)


def test_large_sample_numbers_have_streams_of_their_own(cupy_ops):
    start = 2**40 + 1
    got = drawn(cupy_ops, "uniform", (6,), np.float64, start=start, n=2)
    expected = SampleStreams(*STREAM, start, 2).uniform(6, dtype=np.float64)
    np.testing.assert_array_equal(got, expected)


def test_normal_numbers_are_made_of_the_generators_words(cupy_ops, dtype):
    got = drawn(cupy_ops, "normal", (3, 3), dtype, start=2, n=3)
    for row, sample in zip(got.reshape(3, 9), (2, 3, 4), strict=True):
        raw = words(sample, 12).reshape(6, 2)
        if dtype == np.float32:
            first = ((raw[:, 0] >> 32).astype(float) + 0.5) / 2**32
            second = (raw[:, 1] >> 40) / 2**24
        else:
            first = ((raw[:, 0] >> 12).astype(float) + 0.5) / 2**52
            second = (raw[:, 1] >> 11) / 2**53
        radius, angle = np.sqrt(-2 * np.log(first)), 2 * np.pi * second
        pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        rtol = 1e-5 if dtype == np.float32 else 1e-13
        np.testing.assert_allclose(row, pairs.ravel()[:9], rtol=rtol, atol=rtol)


def test_normal_numbers_are_normal(cupy_ops, dtype):
    numbers = drawn(cupy_ops, "normal", (2500,), dtype, n=8)
    assert numbers.dtype == dtype
    assert np.isfinite(numbers).all()
    assert stats.kstest(numbers.ravel(), "norm").pvalue > 1e-3
    # neither within pairs, nor between samples
    flat = numbers.reshape(8, -1, 2)
    assert abs(np.corrcoef(flat[..., 0].ravel(), flat[..., 1].ravel())[0, 1]) < 0.05
    assert np.abs(np.corrcoef(numbers) - np.eye(8)).max() < 0.1


@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_a_sample_is_the_same_in_any_batch(cupy_ops, dtype, kind):
    ten = drawn(cupy_ops, kind, (3, 5), dtype, start=20, n=10)
    three = drawn(cupy_ops, kind, (3, 5), dtype, start=25, n=3)
    np.testing.assert_array_equal(ten[5:8], three)
    assert len(np.unique(ten)) == ten.size


def test_calls_after_the_first_draw_other_numbers(cupy_ops):
    draws = cupy_ops.draws(*STREAM, 0, 2)
    first, second = (cupy_ops.to_host(draws.uniform(9, dtype=np.float64)) for _ in range(2))
    np.testing.assert_array_equal(second[1], (words(1, 9, call=1) >> 11) / 2**53)
    assert not np.isin(first, second).any()


@pytest.mark.parametrize("other", [(4, "gmm1", "sample"), (3, "gmm2", "sample"), (3, "gmm1", "x")])
def test_streams_differ_by_seed_node_and_purpose(cupy_ops, other):
    numbers = cupy_ops.to_host(cupy_ops.draws(*other, 0, 4).uniform(9, dtype=np.float64))
    assert not np.isin(numbers, drawn(cupy_ops, "uniform", (9,), np.float64)).any()


@pytest.mark.parametrize("components", [1, 2, 49, 131])
def test_categorical(cupy_ops, random, dtype, components):
    weights = random.random((3, 2, 5, components)).astype(dtype)
    weights[random.random(weights.shape) < 0.3] = 0
    weights[..., -1] += 0.1
    uniform = random.random((3, 2, 5)).astype(dtype)
    uniform[0, 0] = 0
    assert_equal(cupy_ops, "categorical", weights, uniform)


def test_categorical_of_weights_that_all_positions_share(cupy_ops, random):
    weights = np.broadcast_to(random.random(7).astype(np.float32), (2, 3, 3, 7))
    uniform = random.random((2, 3, 3), np.float32)
    assert_equal(cupy_ops, "categorical", weights, uniform)


def test_an_index_of_weight_zero_is_never_drawn(cupy_ops):
    weights = np.array([0, 0.25, 0, 0.75, 0], np.float64)
    uniform = np.array([0, 0.25, np.nextafter(0.25, 0), 0.5, np.nextafter(1, 0)])
    tiled = np.broadcast_to(weights, (5, 1, 1, 5))
    index = cupy_ops.categorical(
        cupy_ops.asarray(tiled), cupy_ops.asarray(uniform.reshape(5, 1, 1))
    )
    np.testing.assert_array_equal(cupy_ops.to_host(index).ravel(), [1, 3, 1, 3, 3])
    assert HOST.categorical(tiled, uniform.reshape(5, 1, 1)).ravel().tolist() == [1, 3, 1, 3, 3]
