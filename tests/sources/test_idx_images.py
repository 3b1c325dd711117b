from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from file_server import FileServer
from idx_files import NAMES, random_images, write_idx, write_idx_set

from dcgraph.errors import DataError, DataMissingError
from dcgraph.sources import FashionMnist, Mnist
from dcgraph.sources.idx_images import IdxImages

SOURCES = [Mnist(), FashionMnist()]


@pytest.fixture(params=SOURCES, ids=lambda source: source.type)
def source(request: pytest.FixtureRequest) -> IdxImages:
    return request.param


def test_both_splits_are_read(tmp_path: Path, source: IdxImages) -> None:
    arrays = write_idx_set(tmp_path / source.type)
    for split in ("train", "test"):
        read = source.load(split, tmp_path)
        images, labels = arrays[NAMES[split, "images"]], arrays[NAMES[split, "labels"]]
        assert read.shape == (28, 28, 1) == source.info.shape
        assert read.labels is not None
        assert read.labels.dtype == np.int64
        np.testing.assert_array_equal(read.labels, labels)
        pixels = read.read(np.array([3, 1]))
        assert pixels.dtype == np.float32
        np.testing.assert_allclose(pixels[..., 0], images[[3, 1]] / 255, rtol=1e-6)


def test_pixels_stay_bytes_in_memory(tmp_path: Path, source: IdxImages) -> None:
    write_idx_set(tmp_path / source.type)
    assert source.load("train", tmp_path).images.dtype == np.uint8


@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("end", [".gz", ""])
def test_other_spellings_of_the_names_are_found(
    tmp_path: Path, source: IdxImages, mark: str, end: str
) -> None:
    images, labels = random_images(12)
    for prefix in ("train", "t10k"):
        write_idx(tmp_path / source.type / f"{prefix}-images{mark}idx3-ubyte{end}", images)
        write_idx(tmp_path / source.type / f"{prefix}-labels{mark}idx1-ubyte{end}", labels)
    assert source.missing(tmp_path) == []
    assert len(source.load("test", tmp_path)) == 12


class TestMissing:
    def test_both_ways_to_get_it_are_named(self, tmp_path: Path, source: IdxImages) -> None:
        with pytest.raises(DataMissingError) as caught:
            source.load("train", tmp_path)
        message = str(caught.value)
        assert f"`dcgraph data fetch {source.type}`" in message
        assert f"no train-images-idx3-ubyte.gz in {tmp_path / source.type}" in message
        assert "put its four IDX files there" in message
        assert "--data-dir" in message
        assert "DCGRAPH_DATA" in message
        assert isinstance(caught.value, FileNotFoundError)

    def test_without_a_data_directory_too(self, source: IdxImages) -> None:
        with pytest.raises(DataMissingError, match=f"`dcgraph data fetch {source.type}`"):
            source.load("train", None)
        assert source.missing(None) == [source.type]

    def test_each_missing_file_is_listed(self, tmp_path: Path, source: IdxImages) -> None:
        folder = tmp_path / source.type
        assert source.missing(tmp_path) == [str(folder / name) for name in NAMES.values()]
        write_idx_set(folder)
        (folder / NAMES["test", "labels"]).unlink()
        assert source.missing(tmp_path) == [str(folder / NAMES["test", "labels"])]

    def test_a_split_needs_its_own_files_alone(self, tmp_path: Path, source: IdxImages) -> None:
        write_idx_set(tmp_path / source.type)
        (tmp_path / source.type / NAMES["test", "labels"]).unlink()
        assert len(source.load("train", tmp_path)) == 30
        with pytest.raises(DataMissingError, match=r"no t10k-labels-idx1-ubyte\.gz"):
            source.load("test", tmp_path)


class TestDamage:
    """Each fault names the file that has it."""

    def refused(self, directory: Path, kind: str, array: np.ndarray, message: str) -> None:
        write_idx_set(directory / "mnist")
        path = write_idx(directory / "mnist" / NAMES["train", kind], array)
        with pytest.raises(DataError, match=message) as caught:
            Mnist().load("train", directory)
        assert caught.value.problem.file == str(path)

    def test_fewer_labels_than_images(self, tmp_path: Path) -> None:
        labels = np.zeros(29, np.uint8)
        self.refused(tmp_path, "labels", labels, "received 29 for 30 images")

    def test_labels_beyond_the_classes(self, tmp_path: Path) -> None:
        labels = np.arange(30, dtype=np.uint8) % 11
        self.refused(tmp_path, "labels", labels, "run from 0 to 9, received 10")

    def test_images_of_another_size(self, tmp_path: Path) -> None:
        images = np.zeros((30, 28, 27), np.uint8)
        self.refused(tmp_path, "images", images, "must be 28x28x1, received 28x27x1")

    def test_no_images(self, tmp_path: Path) -> None:
        images = np.zeros((0, 28, 28), np.uint8)
        self.refused(tmp_path, "images", images, r"received \(0, 28, 28\)")

    def test_labels_in_the_place_of_images(self, tmp_path: Path) -> None:
        labels = np.zeros(30, np.uint8)
        self.refused(tmp_path, "images", labels, "is no IDX file of unsigned bytes in 3 dim")


class TestFetch:
    def small(self, server: FileServer, folder: Path) -> IdxImages:
        """Return a source whose mirror is `server`, with the true checksums of what it serves."""
        write_idx_set(folder)
        server.files = {f"small/{name}": (folder / name).read_bytes() for name in NAMES.values()}

        class Small(IdxImages):
            type: ClassVar[str] = "small"
            info = Mnist.info
            mirrors: ClassVar[tuple[str, ...]] = (f"{server.address}small/",)
            checksums: ClassVar[dict[str, str]] = {
                path.removeprefix("small/"): sha256(content).hexdigest()
                for path, content in server.files.items()
            }

        return Small()

    def test_what_is_fetched_can_be_loaded(self, tmp_path: Path, server: FileServer) -> None:
        source = self.small(server, tmp_path / "served")
        source.fetch(tmp_path / "data")
        assert source.missing(tmp_path / "data") == []
        assert len(source.load("test", tmp_path / "data")) == 20
        folder = tmp_path / "data" / "small"
        assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES.values())

    def test_only_what_is_missing_is_fetched(self, tmp_path: Path, server: FileServer) -> None:
        source = self.small(server, tmp_path / "served")
        _, labels = random_images(20)
        write_idx(tmp_path / "small" / "t10k-labels.idx1-ubyte", labels)  # in another spelling
        source.fetch(tmp_path)
        wanted = [name for name in NAMES.values() if name != NAMES["test", "labels"]]
        assert server.requests == [f"small/{name}" for name in wanted]
        source.fetch(tmp_path)
        assert len(server.requests) == 3

    def test_a_false_file_does_not_become_part_of_the_set(
        self, tmp_path: Path, server: FileServer
    ) -> None:
        source = self.small(server, tmp_path / "served")
        server.files[f"small/{NAMES['train', 'labels']}"] = b"a page of a captive portal"
        with pytest.raises(DataError, match=r"train-labels-idx1-ubyte\.gz.* not be downloaded"):
            source.fetch(tmp_path / "data")
        assert str(tmp_path / "data" / "small" / NAMES["train", "labels"]) in source.missing(
            tmp_path / "data"
        )


def test_every_published_file_has_a_checksum(source: IdxImages) -> None:
    assert set(source.checksums) == set(NAMES.values())
    assert all(len(bytes.fromhex(checksum)) == 32 for checksum in source.checksums.values())
    assert all(mirror.endswith("/") for mirror in source.mirrors)
