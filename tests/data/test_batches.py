from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from array_source import numbered, numbers_of
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dcgraph.contracts.source import ArraySplit
from dcgraph.data.batches import Batch, epoch_batches, ordered_batches, steps_per_epoch
from dcgraph.data.dataset import Subset

SHAPE = (2, 2, 1)


def subset_of(n: int) -> Subset:
    """Return every other image of twice as many; image i of the subset bears the number 2 i."""
    split = numbered(np.arange(2 * n) % 7)
    return Subset(split, np.arange(0, 2 * n, 2), SHAPE)


def numbers(batches: Iterable[Batch]) -> list[list[int]]:
    return [numbers_of(batch.images) for batch in batches]


def flat(batches: Iterable[Batch]) -> list[int]:
    return [number for batch in numbers(batches) for number in batch]


class TestEpoch:
    @given(st.integers(1, 40), st.integers(1, 50))
    def test_each_image_comes_once_and_the_last_batch_may_be_short(self, n: int, size: int) -> None:
        batches = list(epoch_batches(subset_of(n), size, seed=0, epoch=0))
        assert sorted(flat(batches)) == list(range(0, 2 * n, 2))
        assert len(batches) == steps_per_epoch(n, size)
        assert all(len(batch.images) == size for batch in batches[:-1])
        assert len(batches[-1].images) == (n - 1) % size + 1

    def test_images_labels_and_places_belong_together(self) -> None:
        subset = subset_of(20)
        for batch in epoch_batches(subset, 6, seed=1, epoch=2):
            assert batch.labels is not None
            assert subset.labels is not None
            assert batch.images.dtype == np.float32
            assert numbers_of(batch.images) == (2 * batch.indices).tolist()
            np.testing.assert_array_equal(batch.labels, subset.labels[batch.indices])
            np.testing.assert_array_equal(batch.labels, 2 * batch.indices % 7)

    def test_without_labels_there_are_none(self) -> None:
        bare = Subset(ArraySplit(numbered([0] * 4).images), np.arange(4), SHAPE)
        assert all(batch.labels is None for batch in epoch_batches(bare, 3, seed=0, epoch=0))

    def test_the_same_seed_and_epoch_give_the_same_order(self) -> None:
        first, again = (flat(epoch_batches(subset_of(50), 8, seed=3, epoch=1)) for _ in range(2))
        assert first == again

    @pytest.mark.parametrize(("seed", "epoch"), [(4, 1), (3, 2)])
    def test_another_seed_or_epoch_gives_another_order(self, seed: int, epoch: int) -> None:
        order = flat(epoch_batches(subset_of(50), 8, seed=3, epoch=1))
        assert flat(epoch_batches(subset_of(50), 8, seed=seed, epoch=epoch)) != order

    def test_the_batch_size_does_not_change_the_order(self) -> None:
        orders = [flat(epoch_batches(subset_of(50), size, seed=3, epoch=1)) for size in (7, 8)]
        assert orders[0] == orders[1]

    def test_a_file_sorted_by_label_is_mixed(self) -> None:
        split = numbered(np.repeat(np.arange(10), 100))
        subset = Subset(split, np.arange(1000), SHAPE)
        for batch in epoch_batches(subset, 100, seed=0, epoch=0):
            assert len(np.unique(batch.labels)) == 10


@dataclass
class Watched:
    """A split that remembers what was read."""

    inner: ArraySplit
    read_places: list[int] = field(default_factory=list)

    @property
    def labels(self) -> NDArray[np.int64] | None:
        return self.inner.labels

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.inner.shape

    def __len__(self) -> int:
        return len(self.inner)

    def read(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        self.read_places.extend(indices.tolist())
        return self.inner.read(indices)

    def digest(self) -> str:
        return self.inner.digest()


class TestStart:
    @given(st.integers(0, 12))
    def test_it_goes_on_with_the_batches_that_were_to_come(self, start: int) -> None:
        whole = numbers(epoch_batches(subset_of(50), 4, seed=0, epoch=3))
        rest = numbers(epoch_batches(subset_of(50), 4, seed=0, epoch=3, start=start))
        assert rest == whole[start:]

    def test_beyond_the_last_there_is_none(self) -> None:
        assert list(epoch_batches(subset_of(50), 4, seed=0, epoch=0, start=13)) == []

    def test_what_is_left_out_is_not_read(self) -> None:
        watched = Watched(numbered([0] * 20))
        subset = Subset(watched, np.arange(20), SHAPE)
        batches = epoch_batches(subset, 5, seed=0, epoch=0, start=2)
        assert watched.read_places == []
        first = next(batches)
        assert watched.read_places == numbers_of(first.images)
        assert len(list(batches)) == 1
        assert len(watched.read_places) == 10


class TestOrdered:
    def test_images_come_in_their_order(self) -> None:
        batches = numbers(ordered_batches(subset_of(5), 2))
        assert batches == [[0, 2], [4, 6], [8]]

    @pytest.mark.parametrize(("limit", "expected"), [(3, [0, 2, 4]), (0, []), (9, [0, 2, 4, 6, 8])])
    def test_a_limit_takes_the_first(self, limit: int, expected: list[int]) -> None:
        assert flat(ordered_batches(subset_of(5), 2, limit=limit)) == expected


@pytest.mark.parametrize(
    ("n", "size", "steps"),
    [(1, 1, 1), (1, 100, 1), (100, 100, 1), (101, 100, 2), (54077, 100, 541)],
)
def test_steps_per_epoch(n: int, size: int, steps: int) -> None:
    assert steps_per_epoch(n, size) == steps
