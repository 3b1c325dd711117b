from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgraph.errors import DataError, DataMissingError
from dcgraph.sources import Folder


def drawn(path: Path, shape: tuple[int, ...] = (6, 4), value: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full(shape, value, np.uint8)
    pixels[0, 0] = 255
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Ten images of each of two classes."""
    for label, name in enumerate(("cat", "dog")):
        for i in range(10):
            drawn(tmp_path / "pictures" / name / f"{i:02}.png", value=10 * i + 100 * label)
    (tmp_path / "pictures" / "cat" / "notes.txt").write_text("no image")
    return tmp_path / "pictures"


def test_subfolders_are_classes(pictures):
    train, test = (Folder(train=str(pictures)).load(split, None) for split in ("train", "test"))
    assert (len(train), len(test), train.shape) == (16, 4, (6, 4, 1))
    np.testing.assert_array_equal(test.labels, [0, 0, 1, 1])
    read = test.read(np.arange(4))
    assert read.dtype == np.float32
    np.testing.assert_allclose(read[:, 1, 1, 0], np.array([40, 90, 140, 190]) / 255, rtol=1e-6)
    assert (read[:, 0, 0] == 1).all()


def test_a_path_in_the_data_directory(pictures, tmp_path):
    assert Folder(train="pictures").missing(tmp_path) == []
    assert len(Folder(train="pictures", test="pictures").load("train", tmp_path)) == 20


def test_colour_and_size_are_what_is_asked_for(pictures):
    drawn(pictures / "dog" / "x.png", (9, 9, 3), 80)
    source = Folder(train=str(pictures), test=str(pictures), colour="rgb", size=(3, 2))
    split = source.load("train", None)
    assert split.shape == (3, 2, 3)
    assert split.read(np.array([20])).shape == (1, 3, 2, 3)


def test_images_without_subfolders_have_no_labels(tmp_path):
    drawn(tmp_path / "flat" / "a.png")
    source = Folder(train=str(tmp_path / "flat"), test=str(tmp_path / "flat"))
    assert source.load("train", None).labels is None


def test_the_digest_follows_the_files(pictures):
    source = Folder(train=str(pictures), test=str(pictures))
    before = source.load("train", None).digest()
    assert source.load("train", None).digest() == before
    drawn(pictures / "cat" / "more.png")
    assert source.load("train", None).digest() != before


class TestRefused:
    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(DataMissingError, match="no folder 'absent'"):
            Folder(train="absent").load("train", tmp_path)

    def test_sizes_that_differ(self, pictures):
        drawn(pictures / "dog" / "x.png", (9, 5))
        split = Folder(train=str(pictures), test=str(pictures)).load("train", None)
        with pytest.raises(DataError, match=r"x\.png: .*is 9x5, the first image is 6x4: set data"):
            split.read(np.array([20]))

    def test_empty_folders(self, pictures, tmp_path):
        (pictures / "emu").mkdir()
        with pytest.raises(DataError, match="emu: holds no image files"):
            Folder(train=str(pictures)).load("train", None)
        (tmp_path / "nothing").mkdir()
        with pytest.raises(DataError, match="nothing: holds neither"):
            Folder(train=str(tmp_path / "nothing")).load("train", None)

    @pytest.mark.parametrize("cut", [0, 10, 40])
    def test_damaged_images(self, pictures, cut):
        path = pictures / "cat" / "00.png"
        path.write_bytes(path.read_bytes()[:cut] if cut else b"no image")
        with pytest.raises(DataError, match=r"00\.png: cannot be read as an image"):
            Folder(train=str(pictures)).load("train", None).read(np.array([0]))

    def test_images_that_would_fill_the_memory(self, pictures, monkeypatch):
        for pixels in (20, 10):  # a warning of Pillow's, and an error
            monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pixels)
            with pytest.raises(DataError, match="cannot be read as an image: Image size"):
                Folder(train=str(pictures)).load("train", None)
