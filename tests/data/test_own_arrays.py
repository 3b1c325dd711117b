from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dcgraph.data.dataset import dataset_from_arrays
from dcgraph.errors import DataError, InputError

SHAPE = (4, 3, 2)
BYTES = np.arange(6 * 4 * 3 * 2, dtype=np.uint8).reshape(6, *SHAPE)
LABELS = np.array([0, 1, 2, 0, 1, 2])
ALL = np.arange(6)


def test_bytes_are_scaled_to_one() -> None:
    pixels = dataset_from_arrays(BYTES, None, SHAPE).train.read(ALL)
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels, BYTES / 255, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_are_taken_as_they_are(dtype: str) -> None:
    images = (BYTES / 255).astype(dtype)
    pixels = dataset_from_arrays(images, None, SHAPE).train.read(ALL)
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, images.astype(np.float32))


def test_booleans_are_black_and_white() -> None:
    pixels = dataset_from_arrays(BYTES > 50, None, SHAPE).train.read(ALL)
    np.testing.assert_array_equal(pixels, (BYTES > 50).astype(np.float32))


def test_grey_images_need_no_channel_axis() -> None:
    data = dataset_from_arrays(BYTES[..., 0], None, (4, 3, 1))
    np.testing.assert_allclose(data.train.read(ALL)[..., 0], BYTES[..., 0] / 255, rtol=1e-6)


def test_lists_do_too() -> None:
    data = dataset_from_arrays((BYTES / 255).tolist(), LABELS.tolist(), SHAPE)
    assert data.train.labels is not None
    assert data.train.labels.tolist() == LABELS.tolist()
    assert len(data.train) == 6


def test_there_are_no_test_images() -> None:
    data = dataset_from_arrays(BYTES, LABELS, SHAPE)
    assert data.test is None
    assert data.validation is None


def test_classes_and_outliers_choose() -> None:
    inliers = dataset_from_arrays(BYTES, LABELS, SHAPE, outliers=[0]).train
    np.testing.assert_array_equal(inliers.read(np.arange(len(inliers))), inliers_of([1, 2]))
    one = dataset_from_arrays(BYTES, LABELS, SHAPE, classes=[2], outliers=[0, 7]).train
    np.testing.assert_array_equal(one.read(np.arange(len(one))), inliers_of([2]))


def inliers_of(classes: list[int]) -> np.ndarray:
    scaled = BYTES[np.isin(LABELS, classes)].astype(np.float32)
    return scaled * np.float32(1 / 255)


def test_the_callers_arrays_are_left_alone() -> None:
    images, labels = BYTES.copy(), LABELS.copy()
    data = dataset_from_arrays(images, labels, SHAPE, outliers=[0])
    batch = data.train.read(np.arange(2))
    batch += 1
    np.testing.assert_array_equal(images, BYTES)
    np.testing.assert_array_equal(labels, LABELS)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (BYTES[0], r"must have the shape \(n, 4, 3, 2\).* received \(4, 3, 2\)"),
        (BYTES[:, :3], r"received \(6, 3, 3, 2\)"),
        (BYTES[:0], r"with n at least 1, received \(0, 4, 3, 2\)"),
        (BYTES[..., 0], r"received \(6, 4, 3\)"),
        (BYTES.astype(int), r"uint8 \(0 to 255\) or floats \(about 0 to 1\), received dtype int64"),
        (BYTES.astype(object), "received dtype object"),
        (BYTES.astype(complex), "received dtype complex128"),
        (np.array(["a.png"]), "received dtype <U5"),
        (None, "received dtype object"),
        ([[1.0], [1.0, 2.0]], "cannot be made into an array"),
    ],
)
def test_images_that_do_not_fit_are_refused(images: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        dataset_from_arrays(images, None, SHAPE)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS[1:], r"must be 6 integers, one for each image, received dtype int64 and .*\(5,\)"),
        (LABELS.astype(float), "received dtype float64"),
        (LABELS[:, None], r"shape \(6, 1\)"),
        (np.eye(6, dtype=int), r"shape \(6, 6\)"),
        (LABELS > 0, "received dtype bool"),
        (LABELS - 1, "must not be below 0, received -1"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        dataset_from_arrays(BYTES, labels, SHAPE)


def test_a_class_that_nothing_has_is_refused() -> None:
    with pytest.raises(DataError, match="no training image has the label 5"):
        dataset_from_arrays(BYTES, LABELS, SHAPE, classes=[0, 5])
