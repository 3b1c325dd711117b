"""Random streams: each keyed by (seed, node, purpose, step), none dependent on another."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dcgraph.rng import SampleStreams, stream, stream_key


def test_a_stream_repeats():
    np.testing.assert_array_equal(
        stream(7, "gmm1", "init", 3).random(5), stream(7, "gmm1", "init", 3).random(5)
    )


@pytest.mark.parametrize(
    "other",
    [(8, "gmm1", "init", 3), (7, "gmm2", "init", 3), (7, "gmm1", "x", 3), (7, "gmm1", "init", 4)],
)
def test_each_part_of_the_key_matters(other):
    assert (stream(7, "gmm1", "init", 3).random(5) != stream(*other).random(5)).all()


def test_names_do_not_run_into_each_other():
    keys = [stream_key(1, "a", "bc"), stream_key(1, "ab", "c"), stream_key(11, "a", "bc")]
    assert len({tuple(key.tolist()) for key in keys}) == 3


def test_streams_of_neighbouring_steps_never_overlap():
    """A step's stream is 2^64 blocks long."""
    first = stream(0, "n", "p", 0).random(40000)
    second = stream(0, "n", "p", 1).random(40000)
    assert not np.isin(second, first).any()


def test_known_numbers():
    """Saved models are resumed to the same draws: the keying may never change."""
    assert stream_key(0, "gmm1", "init").tolist() == [15814615235708776196, 17510836231721146532]


@pytest.mark.parametrize("draw", ["uniform", "normal"])
def test_samples_do_not_depend_on_how_they_are_batched(draw, dtype):
    def drawn(start, n):
        streams = SampleStreams(5, "gmm1", "sample", start, n)
        # a second draw continues the streams
        return [getattr(streams, draw)(*shape, dtype=dtype) for shape in ((2, 3), (4,))]

    together = drawn(0, 10)
    parts = [drawn(0, 4), drawn(4, 1), drawn(5, 5)]
    for i, shape in enumerate(((10, 2, 3), (10, 4))):
        assert together[i].shape == shape
        assert together[i].dtype == dtype
        np.testing.assert_array_equal(together[i], np.concatenate([part[i] for part in parts]))


def test_samples_are_independent_and_rightly_distributed():
    streams = SampleStreams(1, "n", "p", 0, 300)
    uniform = streams.uniform(50, dtype=np.float32)
    normal = streams.normal(50, dtype=np.float64)
    assert uniform.min() >= 0
    assert uniform.max() < 1
    assert stats.kstest(uniform.ravel(), "uniform").pvalue > 1e-3
    assert stats.kstest(normal.ravel(), "norm").pvalue > 1e-3
    between = np.corrcoef(normal[:40])
    assert np.abs(between - np.eye(40)).max() < 0.65


def test_no_samples_and_no_numbers():
    assert SampleStreams(0, "n", "p", 0, 0).uniform(2, dtype=np.float64).shape == (0, 2)
    assert SampleStreams(0, "n", "p", 3, 2).normal(0, dtype=np.float64).shape == (2, 0)


def test_seeds_may_be_large():
    one, other = (stream(2**63 - i, "n", "p", 2**40).random() for i in (1, 2))
    assert one != other
