from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from dcgraph.sources import Digits


def test_needs_no_directory() -> None:
    assert Digits().missing(None) == []
    assert Digits().load("train", None).shape == (8, 8, 1)


def test_the_splits_make_up_the_whole() -> None:
    train, test = Digits().load("train", None), Digits().load("test", None)
    bunch = load_digits()
    assert (len(train), len(test)) == (1438, 359)
    is_test = np.arange(1797) % 5 == 4
    for split, chosen in ((train, ~is_test), (test, is_test)):
        np.testing.assert_array_equal(split.labels, bunch.target[chosen])
        pixels = split.read(np.arange(len(split)))
        np.testing.assert_array_equal(pixels[..., 0], bunch.images[chosen] / 16)


def test_pixels_fill_the_range_from_zero_to_one() -> None:
    pixels = Digits().load("train", None).read(np.arange(1438))
    assert pixels.dtype == np.float32
    assert (pixels.min(), pixels.max()) == (0, 1)


def test_every_class_is_in_both_splits() -> None:
    for split in ("train", "test"):
        labels = Digits().load(split, None).labels
        assert labels is not None
        counts = np.bincount(labels)
        assert len(counts) == Digits.info.classes
        assert counts.min() >= 20


def test_it_is_the_same_each_time() -> None:
    assert Digits().load("test", None).digest() == Digits().load("test", None).digest()
