from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from dcgraph.data.batches import epoch_batches
from dcgraph.data.dataset import Subset, open_dataset
from dcgraph.errors import DataError, DataMissingError
from dcgraph.graph.specs import DataSpec
from dcgraph.sources import Hdf5, streamed

N = 1000
IMAGES = (np.arange(N)[:, None, None, None] % 251 + np.zeros((1, 4, 3, 2))).astype(np.uint8)
LABELS = np.arange(N) // 100  # sorted, as files often are


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of about 20 images, so that a small file has many."""
    monkeypatch.setattr(streamed, "BLOCK_BYTES", 20 * 24)


def saved(path: Path, images: Any = IMAGES, labels: Any = LABELS, **options: Any) -> str:
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=images, **options)
        if labels is not None:
            file["labels"] = labels
    return str(path)


@pytest.mark.parametrize("chunks", [None, (1, 4, 3, 2), (7, 4, 3, 2), (64, 2, 3, 1)])
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_images_in_any_order_are_those_of_the_file(
    tmp_path, small_blocks, rng, chunks, compression
):
    if compression and chunks is None:
        pytest.skip("only chunks are compressed")
    path = saved(tmp_path / "a.h5", chunks=chunks, compression=compression)
    split = Hdf5(train=path, test=path, buffer=0.01).load("train", None)
    assert (len(split), split.shape) == (N, (4, 3, 2))
    order = rng.integers(0, N, 300)
    read = split.read(order)
    assert read.dtype == np.float32
    np.testing.assert_allclose(read, IMAGES[order] / 255, rtol=1e-6)
    np.testing.assert_array_equal(split.labels, LABELS)
    last = split.read(np.array([N - 1, 0]))
    np.testing.assert_allclose(last, IMAGES[[N - 1, 0]] / 255, rtol=1e-6)


@pytest.mark.parametrize(
    ("layout", "axes"), [("nhwc", (0, 1, 2, 3)), ("nchw", (0, 3, 1, 2)), ("hwcn", (1, 2, 3, 0))]
)
def test_layouts(tmp_path, layout, axes):
    path = saved(tmp_path / "a.h5", IMAGES.transpose(axes))
    split = Hdf5(train=path, test=path, layout=layout).load("train", None)
    assert (len(split), split.shape) == (N, (4, 3, 2))
    np.testing.assert_allclose(split.read(np.arange(50)), IMAGES[:50] / 255, rtol=1e-6)


def test_without_a_test_file_every_fifth_image_is_one(tmp_path):
    path = saved(tmp_path / "a.h5", IMAGES[..., 0])
    train, test = (Hdf5(train=path).load(split, None) for split in ("train", "test"))
    assert (len(train), len(test)) == (800, 200)
    np.testing.assert_allclose(test.read(np.arange(5)), IMAGES[4:25:5, ..., :1] / 255, rtol=1e-6)
    np.testing.assert_array_equal(train.labels[:5], LABELS[[0, 1, 2, 3, 5]])
    assert train.digest() != test.digest()


class TestShuffling:
    @pytest.fixture
    def subset(self, tmp_path, small_blocks) -> Subset:
        """800 images in 50 blocks, of which 12 are held."""
        path = saved(tmp_path / "a.h5")
        split = Hdf5(train=path, test=path, buffer=12 * 20 * 24 / 2**20).load("train", None)
        return Subset(split, np.flatnonzero(np.arange(N) % 5 != 4), split.shape)

    def test_an_epoch_holds_every_image_once(self, subset):
        batches = list(epoch_batches(subset, 64, seed=3, epoch=0))
        indices = np.concatenate([batch.indices for batch in batches])
        np.testing.assert_array_equal(np.sort(indices), np.arange(800))
        for batch in batches:
            np.testing.assert_allclose(
                batch.images, IMAGES[subset.chosen[batch.indices]] / 255, rtol=1e-6
            )

    def test_epochs_and_seeds_differ_and_each_repeats(self, subset):
        def order(seed, epoch, start=0):
            batches = epoch_batches(subset, 64, seed=seed, epoch=epoch, start=start)
            return np.concatenate([batch.indices for batch in batches])

        np.testing.assert_array_equal(order(3, 1), order(3, 1))
        np.testing.assert_array_equal(order(3, 1, start=4), order(3, 1)[4 * 64 :])
        assert (order(3, 1) != order(3, 2)).any()
        assert (order(3, 1) != order(4, 1)).any()

    def test_a_sorted_file_is_mixed(self, subset):
        """Of 10 labels, one after the other in the file, a batch of 64 holds most."""
        batches = list(epoch_batches(subset, 64, seed=0, epoch=0))
        present = [len(np.unique(batch.labels)) for batch in batches]
        assert np.mean(present) > 6
        neighbours = np.concatenate([np.diff(np.sort(batch.indices)) == 1 for batch in batches])
        assert neighbours.mean() < 0.5

    def test_every_block_is_read_about_once_and_few_are_held(self, subset, monkeypatch):
        split, reads = subset.split, []
        read_block = split.read_block
        object.__setattr__(split, "read_block", lambda *s: (reads.append(s), read_block(*s))[1])
        for _ in epoch_batches(subset, 16, seed=0, epoch=0):
            assert len(split._held) <= split.capacity
        assert len(set(reads)) == 50
        assert len(reads) < 60


def test_a_graph_trains_on_it(tmp_path):
    path = saved(tmp_path / "a.h5")
    spec = DataSpec(source=Hdf5(train=path), classes=(1, 2, 3), outliers=(0,), limit=100)
    data = open_dataset(spec, (4, 3, 2), None)
    assert len(data.train) == 100
    assert data.digest == open_dataset(spec, (4, 3, 2), None).digest


def test_the_digest_sees_labels_pixels_and_settings(tmp_path):
    def digest(images=IMAGES, labels=LABELS, **settings):
        path = saved(tmp_path / "a.h5", images, labels)
        return Hdf5(train=path, test=path, **settings).load("train", None).digest()

    other = IMAGES.copy()
    other[0, 0, 0, 0] += 1
    digests = [
        digest(),
        digest(images=other),
        digest(labels=LABELS[::-1]),
        digest(labels=None),
        digest(scale=0.5),
    ]
    assert len(set(digests)) == len(digests)
    assert digest() == digests[0]


class TestRefused:
    def refusal(self, path, **settings) -> DataError:
        with pytest.raises(DataError) as caught:
            Hdf5(train=str(path), **settings).load("train", None)
        assert caught.value.problem.file == str(path)
        assert "\n" not in str(caught.value)
        return caught.value

    def test_a_file_that_is_none(self, tmp_path):
        (tmp_path / "a.h5").write_bytes(b"nothing of the kind")
        assert "cannot be read as an HDF5 file" in str(self.refusal(tmp_path / "a.h5"))

    def test_a_file_that_is_cut_off(self, tmp_path):
        path = Path(saved(tmp_path / "a.h5"))
        path.write_bytes(path.read_bytes()[:-500])
        assert "cannot be read as an HDF5 file" in str(self.refusal(path))

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(DataMissingError, match=r"no file 'absent\.h5'"):
            Hdf5(train="absent.h5").load("train", tmp_path)

    @pytest.mark.parametrize(
        ("settings", "told"),
        [
            ({"images": "pictures"}, r"has no dataset 'pictures' \(it has: images, labels\)"),
            ({"labels": "classes"}, "has no dataset 'classes'"),
            ({"images": "labels"}, r"received \(1000,\)"),
            ({"layout": "hwcn"}, "for each image, received 1,000 for 2 images"),
        ],
    )
    def test_names_and_layouts_that_do_not_fit(self, tmp_path, settings, told):
        path = saved(tmp_path / "a.h5")
        assert re.search(told, str(self.refusal(path, **settings)))

    def test_chunks_that_a_buffer_cannot_hold(self, tmp_path):
        path = saved(tmp_path / "a.h5", chunks=(N, 4, 3, 2))
        error = self.refusal(path, buffer=0.02)
        assert "chunks of 0.0229 MB are too large for a buffer of 0.02 MB" in str(error)

    def test_numbers_outside_the_range_are_found_when_they_are_read(self, tmp_path, small_blocks):
        images = IMAGES.astype("f4") / 255
        images[777, 0, 0, 0] = 9.0
        path = saved(tmp_path / "a.h5", images)
        split = Hdf5(train=path, test=path).load("train", None)
        split.read(np.arange(100))
        with pytest.raises(DataError, match="to 9, expected about 0 to 1"):
            split.read(np.array([778]))
