"""The real data sets, where they are at hand."""

from __future__ import annotations

import os
from hashlib import md5
from pathlib import Path

import numpy as np
import pytest

from dcgraph.sources import FashionMnist, Mnist, Svhn

pytestmark = pytest.mark.skipif(
    not os.environ.get("DCGRAPH_DATA"), reason="DCGRAPH_DATA names no directory with research data"
)


@pytest.fixture
def directory() -> Path:
    return Path(os.environ["DCGRAPH_DATA"])


def test_mnist_is_the_published_one(directory: Path) -> None:
    train, test = Mnist().load("train", directory), Mnist().load("test", directory)
    assert (len(train), len(test)) == (60000, 10000)
    assert train.labels is not None
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(train.labels).tolist() == counts
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    # The published file, unpacked, has this MD5.
    head = bytes.fromhex("00000803 0000ea60 0000001c 0000001c".replace(" ", ""))
    assert md5(head + train.images.tobytes()).hexdigest() == "6bbc9ace898e44ae57da46a324031adb"


def test_fashion_mnist_has_as_many_of_each_class(directory: Path) -> None:
    for split, n in (("train", 6000), ("test", 1000)):
        labels = FashionMnist().load(split, directory).labels
        assert labels is not None
        assert np.bincount(labels).tolist() == [n] * 10


def test_svhn_crops_are_in_colour(directory: Path) -> None:
    read = Svhn().load("train", directory)
    assert read.shape == (32, 32, 3)
    pixels = read.read(np.arange(100))
    assert 0 <= pixels.min() < pixels.max() <= 1
    assert (pixels[..., 0] != pixels[..., 2]).any()
