from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from array_source import numbered, numbers_of, source_of

from dcgraph.contracts.source import ArraySplit
from dcgraph.data.dataset import Dataset, Subset, open_dataset
from dcgraph.errors import DataError, DataMissingError
from dcgraph.graph.specs import DataSpec
from dcgraph.sources import Digits, Mnist

SHAPE = (2, 2, 1)
TRAIN = [0, 1, 2, 0, 1, 2, 0, 1, 2, 3]
TEST = [3, 2, 1, 0, 3, 2]


def opened(train: Any = TRAIN, test: Any = TEST, **settings: Any) -> Dataset:
    splits = [numbered(labels, SHAPE) for labels in (train, test)]
    return open_dataset(DataSpec(source=source_of(*splits), **settings), SHAPE, None)


def content(subset: Subset | None) -> list[int]:
    """Return the numbers of a subset's images, as it reads them."""
    assert subset is not None
    return numbers_of(subset.read(np.arange(len(subset))))


class TestSplits:
    def test_everything_by_default(self) -> None:
        data = opened()
        assert content(data.train) == list(range(10))
        assert content(data.test) == list(range(6))
        assert data.validation is None
        assert data.train.labels is not None
        assert data.train.labels.tolist() == TRAIN
        assert data.test is not None
        assert data.test.outlier is not None
        assert not data.test.outlier.any()

    def test_outliers_are_scored_and_not_learned_from(self) -> None:
        data = opened(outliers=(0, 3))
        assert content(data.train) == [1, 2, 4, 5, 7, 8]
        assert content(data.test) == list(range(6))
        assert data.test is not None
        assert data.test.outlier is not None
        assert data.test.outlier.tolist() == [True, False, False, True, True, False]

    def test_classes_choose_what_is_learned_from_and_what_is_an_inlier(self) -> None:
        data = opened(classes=(1, 2), outliers=(3,))
        assert content(data.train) == [1, 2, 4, 5, 7, 8]
        assert content(data.test) == [0, 1, 2, 4, 5]
        assert data.test is not None
        assert data.test.outlier is not None
        assert data.test.outlier.tolist() == [True, False, False, True, False]
        assert data.test.labels is not None
        assert data.test.labels.tolist() == [3, 2, 1, 3, 2]

    def test_a_class_may_be_missing_from_the_test_images(self) -> None:
        assert content(opened(test=[1, 1], classes=(0, 1)).test) == [0, 1]

    def test_outliers_may_be_missing_from_the_training_images(self) -> None:
        data = opened(train=[1, 2, 1], outliers=(3,))
        assert content(data.train) == [0, 1, 2]

    def test_images_without_labels_can_be_learned_from(self) -> None:
        unlabelled = ArraySplit(numbered([0] * 4).images)
        data = open_dataset(DataSpec(source=source_of(unlabelled, unlabelled)), SHAPE, None)
        assert content(data.train) == [0, 1, 2, 3]
        assert data.train.labels is None
        assert data.train.outlier is None


class TestValidation:
    labels = [0, 1, 2, 3] * 25

    def test_it_is_cut_from_the_training_images(self) -> None:
        data = opened(train=self.labels, validation=0.2)
        assert data.validation is not None
        assert len(data.validation) == 20
        assert len(data.train) == 80
        assert sorted(content(data.train) + content(data.validation)) == list(range(100))

    def test_it_has_all_the_training_splits_outliers(self) -> None:
        data = opened(train=self.labels, validation=0.2, outliers=(0,))
        assert data.validation is not None
        assert data.validation.labels is not None
        assert data.validation.outlier is not None
        assert data.validation.outlier.sum() == 25
        assert (~data.validation.outlier).sum() == 15
        np.testing.assert_array_equal(data.validation.outlier, data.validation.labels == 0)
        assert len(data.train) == 60

    def test_it_is_the_same_each_time(self) -> None:
        first, second = (opened(train=self.labels, validation=0.1) for _ in range(2))
        assert content(first.validation) == content(second.validation)

    def test_it_is_no_run_of_the_file(self) -> None:
        held = np.array(content(opened(train=self.labels, validation=0.2).validation))
        assert np.diff(held).max() > 1
        assert held.max() - held.min() > 50

    def test_it_does_not_depend_on_the_limit(self) -> None:
        whole = opened(train=self.labels, validation=0.2)
        limited = opened(train=self.labels, validation=0.2, limit=10)
        assert content(limited.validation) == content(whole.validation)
        assert len(limited.train) == 10
        assert set(content(limited.train)) <= set(content(whole.train))

    @pytest.mark.parametrize("fraction", [0.001, 0.04])
    def test_a_small_fraction_is_at_least_one_image(self, fraction: float) -> None:
        assert len(content(opened(validation=fraction).validation)) == 1

    def test_something_must_be_left_to_learn_from(self) -> None:
        with pytest.raises(DataError, match="all 10 training images would be held back") as caught:
            opened(validation=0.99)
        assert caught.value.problem.field == "data.validation"

    def test_the_test_images_are_untouched(self) -> None:
        data = opened(train=self.labels, validation=0.5, limit=2, outliers=(3,))
        assert content(data.test) == list(range(6))


class TestLimit:
    def test_it_is_an_upper_bound(self) -> None:
        assert len(opened(limit=4).train) == 4
        assert len(opened(limit=10).train) == 10
        assert len(opened(limit=1000).train) == 10

    def test_a_file_sorted_by_label_keeps_its_labels(self) -> None:
        labels = opened(train=np.repeat(np.arange(10), 100), limit=100).train.labels
        assert labels is not None
        assert set(labels.tolist()) == set(range(10))

    def test_a_larger_limit_adds_images_and_takes_none_away(self) -> None:
        few, more = (set(content(opened(limit=limit).train)) for limit in (3, 7))
        assert few < more


class TestRefused:
    @pytest.mark.parametrize(
        ("settings", "message", "field"),
        [
            (
                {"classes": (1, 7, 8)},
                r"no training image has the label 7, 8 \(labels there: 0, 1, 2, 3\)",
                "data.classes",
            ),
            ({"outliers": (0, 9)}, "no test image has the label 9", "data.outliers"),
            ({"outliers": (0, 1, 2, 3)}, "no training images that are not outliers", "data.outl"),
            ({"test": [3, 3], "outliers": (3,)}, "no test images that are not outliers", "data.ou"),
            ({"test": [3], "classes": (1,)}, "no test images with the label 1", "data.classes"),
            ({"train": []}, "the data has no training images", "data.source"),
            ({"test": []}, "the data has no test images", "data.source"),
        ],
    )
    def test_labels_that_nothing_has(
        self, settings: dict[str, Any], message: str, field: str
    ) -> None:
        with pytest.raises(DataError, match=message) as caught:
            opened(**settings)
        assert caught.value.problem.field is not None
        assert caught.value.problem.field.startswith(field)

    @pytest.mark.parametrize("settings", [{"classes": (1,)}, {"outliers": (1,)}])
    @pytest.mark.parametrize("without", ["training", "test"])
    def test_labels_that_are_not_there(self, settings: dict[str, Any], without: str) -> None:
        whole = numbered([0, 1, 1])
        bare = ArraySplit(whole.images)
        splits = (bare, whole) if without == "training" else (whole, bare)
        message = f"the {without} images have no labels to choose by"
        with pytest.raises(DataError, match=message) as caught:
            open_dataset(DataSpec(source=source_of(*splits), **settings), SHAPE, None)
        assert caught.value.problem.field == f"data.{next(iter(settings))}"

    def test_images_of_another_shape(self) -> None:
        for splits in ((numbered([0]), numbered([0], (2, 3, 1))), (numbered([0], (2, 3, 1)),) * 2):
            with pytest.raises(DataError, match="images are 2x3x1, the graph's input is 2x2x1"):
                open_dataset(DataSpec(source=source_of(*splits)), SHAPE, None)

    def test_a_missing_data_set(self, tmp_path: Path) -> None:
        with pytest.raises(DataMissingError, match="dcgraph data fetch mnist"):
            open_dataset(DataSpec(source=Mnist()), (28, 28, 1), tmp_path)


class TestSubset:
    def test_images_are_read_in_the_order_asked_for(self) -> None:
        train = opened(outliers=(0,)).train
        assert numbers_of(train.read(np.array([2, 0, 2]))) == [4, 1, 4]

    def test_part_of_a_subset(self) -> None:
        test = opened(outliers=(3,)).test
        assert test is not None
        part = test.take(np.array([0, 2]))
        assert content(part) == [0, 2]
        assert part.labels is not None
        assert part.labels.tolist() == [3, 1]
        assert part.outlier is not None
        assert part.outlier.tolist() == [True, False]

    def test_images_are_fitted_to_the_input(self) -> None:
        data = open_dataset(DataSpec(source=Digits(), fit="pad"), (10, 12, 1), None)
        pixels = data.train.read(np.arange(5))
        assert pixels.shape == (5, 10, 12, 1)
        assert pixels.dtype == np.float32
        plain = open_dataset(DataSpec(source=Digits()), (8, 8, 1), None).train.read(np.arange(5))
        np.testing.assert_array_equal(pixels[:, 1:9, 2:10], plain)


class TestDigest:
    def test_the_same_data_has_the_same(self) -> None:
        assert opened(outliers=(0,)).digest == opened(outliers=(0,)).digest

    @pytest.mark.parametrize(
        "settings",
        [
            {"outliers": (0,)},
            {"classes": (1, 2)},
            {"limit": 5},
            {"validation": 0.2},
            {"train": [*TRAIN, 0]},
            {"train": TRAIN[::-1]},
            {"fit": "pad"},
        ],
    )
    def test_other_training_data_has_another(self, settings: dict[str, Any]) -> None:
        assert opened(**settings).digest != opened().digest

    def test_one_pixel_is_enough(self) -> None:
        split = numbered(TRAIN)
        changed = split.images.copy()
        changed[7, 1, 1, 0] += 1
        other = ArraySplit(changed, split.labels)
        spec = [DataSpec(source=source_of(train, split)) for train in (split, other)]
        first, second = (open_dataset(each, SHAPE, None).digest for each in spec)
        assert first != second
