"""The CNN that judges: its layers are the published ones, and it learns to tell classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcgraph.errors import RequestError
from dcgraph.judges.cnn import Cnn, CnnSettings, cnn_network, train_cnn

QUICK = CnnSettings(epochs=4, batch_size=20, rate=0.001, device="cpu")


@pytest.fixture(scope="module")
def judge(torch, digits, images):
    test = digits.test.read(np.arange(200))
    labels = digits.test.labels[:200]
    return train_cnn(images, digits.train.labels, (test, labels), QUICK), test, labels


def test_the_layers_are_those_of_table_vii(torch):
    kinds = [type(layer).__name__ for layer in cnn_network((28, 28, 1), 10)]
    assert [kind for kind in kinds if kind not in ("ReLU", "Flatten")] == [
        "Dropout",
        *("Conv2d", "Conv2d", "MaxPool2d", "Conv2d", "MaxPool2d", "Conv2d", "MaxPool2d"),
        *("Linear", "Dropout", "Linear", "Linear", "Linear"),
    ]
    widths = [
        each.out_features
        for each in cnn_network((28, 28, 1), 7)
        if hasattr(each, "bias") and hasattr(each, "out_features")
    ]
    assert widths == [350, 350, 350, 7]


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 33), st.integers(1, 33), st.integers(1, 3), st.integers(1, 12))
def test_images_may_have_any_size(h, w, c, classes):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: dcgraph[judges]")
    assert cnn_network((h, w, c), classes)(torch.zeros(2, c, h, w)).shape == (2, classes)


def test_it_learns_to_tell_classes_and_says_how_well(judge):
    found, test, labels = judge
    assert found.accuracy == np.mean(found.predict(test) == labels)
    assert found.accuracy > 0.6


def test_features_are_what_the_last_layer_sees(torch, judge):
    found, test, _ = judge
    features = found.features(test)
    assert features.shape == (200, 350)
    assert features.min() == 0  # after a ReLU
    with torch.inference_mode():
        outputs = found.network[-1](torch.from_numpy(features.astype(np.float32))).numpy()
    np.testing.assert_array_equal(found.labels[outputs.argmax(axis=1)], found.predict(test))


def test_pixels_beyond_black_and_white_are_clipped(judge):
    found, test, _ = judge
    beyond = np.where(test > 0.5, 7.0, -7.0)
    clipped = found.features(beyond.clip(0, 1))
    np.testing.assert_array_equal(found.features(beyond), clipped)


def test_labels_need_not_begin_at_0(torch, images, digits):
    chosen = np.isin(digits.train.labels, (3, 7))
    some, labels = images[chosen], digits.train.labels[chosen]
    found = train_cnn(some, labels, (some, labels), QUICK)
    assert set(found.predict(some).tolist()) <= {3, 7}
    assert found.accuracy > 0.8


def test_a_seed_decides_it(torch, images, digits):
    def trained(seed: int) -> Cnn:
        one = QUICK.model_copy(update={"epochs": 1, "seed": seed})
        some = images[:60], digits.train.labels[:60]
        return train_cnn(*some, some, one)

    first, second, other = (trained(seed).features(images[:5]) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, other)


def test_images_without_labels_are_refused(torch, images):
    with pytest.raises(RequestError, match="the training images have no labels"):
        train_cnn(images, None, (images, np.zeros(len(images), int)), QUICK)
