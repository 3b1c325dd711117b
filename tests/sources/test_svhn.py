from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from file_server import FileServer
from scipy.io import savemat

from dcgraph.errors import DataError, DataMissingError
from dcgraph.sources import Svhn

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
LABELS = (np.arange(20) % 10).astype(np.uint8)


def write_mat(path: Path) -> bytes:
    """Write a file laid out like the official ones: images last, digit 0 as 10."""
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = np.where(LABELS == 0, 10, LABELS)[:, None]
    savemat(path, {"X": IMAGES.transpose(1, 2, 3, 0), "y": labels}, do_compression=True)
    return path.read_bytes()


def write_npz(path: Path, images: np.ndarray = IMAGES, labels: np.ndarray = LABELS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, images=images, labels=labels)


@pytest.fixture
def official(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data directory with Matlab files whose checksums are taken for the official."""
    sums = {}
    for name in ("train_32x32.mat", "test_32x32.mat"):
        sums[name] = sha256(write_mat(tmp_path / "svhn" / name)).hexdigest()
    monkeypatch.setattr(Svhn, "checksums", sums)
    return tmp_path


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_official_files_are_read(official: Path, split: str) -> None:
    assert Svhn().missing(official) == []
    read = Svhn().load(split, official)
    assert read.labels is not None
    np.testing.assert_array_equal(read.labels, LABELS)
    np.testing.assert_allclose(read.read(np.arange(20)), IMAGES / 255, rtol=1e-6)


def test_npz_files_are_read_alike(official: Path, tmp_path: Path) -> None:
    write_npz(tmp_path / "other" / "svhn" / "train.npz")
    from_npz = Svhn().load("train", tmp_path / "other")
    assert from_npz.digest() == Svhn().load("train", official).digest()


def test_npz_files_are_preferred(official: Path) -> None:
    write_npz(official / "svhn" / "test.npz", IMAGES[:5], LABELS[:5])
    assert len(Svhn().load("test", official)) == 5


def test_a_matlab_file_that_is_not_the_official_one_is_never_parsed(official: Path) -> None:
    path = official / "svhn" / "train_32x32.mat"
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0x55
    path.write_bytes(damaged)
    with pytest.raises(DataError, match=r"damaged or not the official file.* as an npz") as caught:
        Svhn().load("train", official)
    assert caught.value.problem.file == str(path)


def test_missing_files_are_named_with_both_remedies(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError) as caught:
        Svhn().load("test", tmp_path)
    message = str(caught.value)
    assert f"no test_32x32.mat and no test.npz in {tmp_path / 'svhn'}" in message
    assert "`dcgraph data fetch svhn`" in message
    assert "DCGRAPH_DATA" in message
    names = [Path(path).name for path in Svhn().missing(tmp_path)]
    assert names == ["train_32x32.mat", "test_32x32.mat"]
    with pytest.raises(DataMissingError, match="in the data directory"):
        Svhn().load("test", None)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES[:, :28], LABELS, "must be 32x32x3, received 28x32x3"),
        (IMAGES[..., :1], LABELS, "must be 32x32x3, received 32x32x1"),
        (IMAGES / 255, LABELS, "must be uint8, received float64"),
        (IMAGES, LABELS + 1, "run from 0 to 9, received 10"),
        (IMAGES, LABELS[1:], "received 19 for 20 images"),
    ],
)
def test_other_arrays_are_refused(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, message: str
) -> None:
    write_npz(tmp_path / "svhn" / "train.npz", images, labels)
    with pytest.raises(DataError, match=message) as caught:
        Svhn().load("train", tmp_path)
    assert caught.value.problem.file == str(tmp_path / "svhn" / "train.npz")


def test_an_npz_file_without_labels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "svhn").mkdir()
    np.savez(tmp_path / "svhn" / "train.npz", images=IMAGES)
    with pytest.raises(DataError, match=r"has no array 'labels' \(it has: images\)"):
        Svhn().load("train", tmp_path)


def test_the_official_files_are_fetched(
    official: Path, tmp_path: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files = {path.name: path.read_bytes() for path in (official / "svhn").iterdir()}
    monkeypatch.setattr(Svhn, "mirrors", (server.address,))
    empty = tmp_path / "empty"
    Svhn().fetch(empty)
    assert Svhn().missing(empty) == []
    assert len(Svhn().load("train", empty)) == 20
