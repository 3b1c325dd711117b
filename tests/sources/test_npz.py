from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from dcgraph.errors import DataError, DataMissingError
from dcgraph.sources import Npz

BYTES = np.arange(10 * 4 * 3 * 2, dtype=np.uint8).reshape(10, 4, 3, 2)
LABELS = np.arange(10)
ALL = np.arange(10)


def saved(path: Path, **arrays: Any) -> str:
    np.savez(path, **arrays)
    return str(path)


class TestPixels:
    def test_bytes_are_scaled_to_one(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.npz", images=BYTES, labels=LABELS)
        split = Npz(train=path, test=path).load("train", None)
        assert split.images.dtype == np.uint8
        assert split.shape == (4, 3, 2)
        pixels = split.read(ALL)
        assert pixels.dtype == np.float32
        np.testing.assert_allclose(pixels, BYTES / 255, rtol=1e-6)

    @pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4"])
    def test_floats_are_taken_as_they_are(self, tmp_path: Path, dtype: str) -> None:
        images = (BYTES / 255).astype(dtype)
        path = saved(tmp_path / "a.npz", images=images)
        pixels = Npz(train=path, test=path).load("test", None).read(ALL)
        assert pixels.dtype == np.float32
        np.testing.assert_array_equal(pixels, images.astype(np.float32))

    @pytest.mark.parametrize("images", [BYTES, BYTES.astype(np.float32)])
    def test_a_scale_that_is_given_counts(self, tmp_path: Path, images: np.ndarray) -> None:
        path = saved(tmp_path / "a.npz", images=images)
        pixels = Npz(train=path, test=path, scale=0.5).load("train", None).read(ALL)
        np.testing.assert_array_equal(pixels, BYTES / 2)

    def test_grey_images_need_no_channel_axis(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.npz", images=BYTES[..., 0])
        split = Npz(train=path, test=path).load("train", None)
        assert split.shape == (4, 3, 1)
        np.testing.assert_allclose(split.read(ALL)[..., 0], BYTES[..., 0] / 255, rtol=1e-6)

    def test_columns_first_arrays_are_read_alike(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.npz", images=np.asfortranarray(BYTES))
        pixels = Npz(train=path, test=path).load("train", None).read(ALL)
        np.testing.assert_allclose(pixels, BYTES / 255, rtol=1e-6)

    def test_unknown_pixels_are_passed_on(self, tmp_path: Path) -> None:
        images = np.full((5, 2, 2), np.nan, np.float32)
        path = saved(tmp_path / "a.npz", images=images)
        assert np.isnan(Npz(train=path).load("train", None).read(np.array([0]))).all()


class TestLabels:
    @pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "uint64"])
    @pytest.mark.parametrize("shape", [(10,), (10, 1)])
    def test_integers_of_any_kind_do(
        self, tmp_path: Path, dtype: str, shape: tuple[int, ...]
    ) -> None:
        path = saved(tmp_path / "a.npz", images=BYTES, labels=LABELS.astype(dtype).reshape(shape))
        labels = Npz(train=path, test=path).load("train", None).labels
        assert labels is not None
        assert labels.dtype == np.int64
        np.testing.assert_array_equal(labels, LABELS)

    def test_they_may_be_missing(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.npz", images=BYTES)
        assert Npz(train=path).load("train", None).labels is None

    def test_they_may_not_if_they_are_asked_for_by_name(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.npz", images=BYTES, label=LABELS)
        with pytest.raises(DataError, match=r"has no array 'lable' \(it has: images, label\)"):
            Npz(train=path, labels="lable").load("train", None)

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            (LABELS.astype(float), r"must be integers \(n,\), received float64 \(10,\)"),
            (np.array(list("0123456789")), "must be integers"),
            (np.eye(10, dtype=int), r"received int64 \(10, 10\)"),
            (LABELS[:9], "received 9 for 10 images"),
            (LABELS - 1, "must not be below 0, received -1"),
        ],
    )
    def test_others_are_refused(self, tmp_path: Path, labels: np.ndarray, message: str) -> None:
        path = saved(tmp_path / "a.npz", images=BYTES, labels=labels)
        with pytest.raises(DataError, match=message) as caught:
            Npz(train=path).load("train", None)
        assert caught.value.problem.file == path
        assert caught.value.problem.field == "data.labels"


class TestImagesRefused:
    @pytest.mark.parametrize(
        ("images", "message"),
        [
            (BYTES.astype(np.int64), "uint8 or floats, received int64: convert them"),
            (BYTES.astype(complex), "received complex128"),
            (BYTES[0, 0], r"\(n, h, w, c\) or \(n, h, w\), received \(3, 2\)"),
            (BYTES[None], r"received \(1, 10, 4, 3, 2\)"),
            (BYTES[:0], r"received \(0, 4, 3, 2\)"),
            (BYTES[..., :0], r"received \(10, 4, 3, 0\)"),
        ],
    )
    def test_with_file_and_field(self, tmp_path: Path, images: np.ndarray, message: str) -> None:
        path = saved(tmp_path / "a.npz", images=images)
        with pytest.raises(DataError, match=message) as caught:
            Npz(train=path).load("train", None)
        assert caught.value.problem.file == path
        assert caught.value.problem.field == "data.images"

    def test_python_objects_are_never_unpickled(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.npz", images=np.array([{1: 2}], dtype=object))
        with pytest.raises(DataError, match="cannot be read as an npz file: Object arrays"):
            Npz(train=path).load("train", None)

    def test_an_array_of_another_name_is_named(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.npz", x=BYTES, y=LABELS)
        with pytest.raises(DataError, match=r"has no array 'images' \(it has: x, y\)"):
            Npz(train=path).load("train", None)
        read = Npz(train=path, test=path, images="x", labels="y").load("train", None)
        assert len(read) == 10
        assert read.labels is not None


class TestDamage:
    def test_what_is_no_npz_file(self, tmp_path: Path) -> None:
        for name, content in (("text.npz", b"images"), ("empty.npz", b"")):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(DataError, match=r"it is none; numpy.savez\(.*\) writes one"):
                Npz(train=str(tmp_path / name)).load("train", None)

    def test_a_bare_array(self, tmp_path: Path) -> None:
        np.save(tmp_path / "a.npy", BYTES)
        with pytest.raises(DataError, match="cannot be read as an npz file: it is none"):
            Npz(train=str(tmp_path / "a.npy")).load("train", None)

    def test_a_member_that_is_no_array(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
            file.writestr("images", b"not an array")
        with pytest.raises(DataError, match="'images' is no array"):
            Npz(train=str(tmp_path / "a.npz")).load("train", None)

    def test_a_header_that_promises_more_than_any_machine_has(self, tmp_path: Path) -> None:
        header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (10000000000000, 28, 28), }"
        header = header.ljust(117) + b"\n"
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
            content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(9)
            file.writestr("images.npy", content)
        with pytest.raises(DataError, match=r"do not fit in memory, or are damaged"):
            Npz(train=str(tmp_path / "a.npz")).load("train", None)

    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    def test_every_cut_and_every_changed_pixel(self, tmp_path: Path, save: Any) -> None:
        whole, broken = tmp_path / "a.npz", tmp_path / "b.npz"
        save(whole, images=BYTES, labels=LABELS)
        content = whole.read_bytes()
        for kept in range(0, len(content), 37):
            broken.write_bytes(content[:kept])
            with pytest.raises(DataError, match="cannot be read as an npz file"):
                Npz(train=str(broken)).load("train", None)
        with zipfile.ZipFile(whole) as file:
            info = file.getinfo("images.npy")
        lengths = content[info.header_offset + 26 : info.header_offset + 30]  # name, extra field
        start = info.header_offset + 30 + sum(np.frombuffer(lengths, "<u2").tolist())
        for place in range(start, start + info.compress_size, 7):
            changed = bytearray(content)
            changed[place] ^= 0x55
            broken.write_bytes(changed)
            with pytest.raises(DataError) as caught:
                Npz(train=str(broken)).load("train", None)
            assert caught.value.problem.file == str(broken)
            assert "\n" not in str(caught.value)


class TestPlaces:
    def test_the_working_directory_comes_first_then_the_data_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        work, data = tmp_path / "work", tmp_path / "data"
        work.mkdir()
        data.mkdir()
        monkeypatch.chdir(work)
        source = Npz(train="a.npz", test="b.npz")
        assert source.missing(data) == ["a.npz", "b.npz"]
        saved(data / "a.npz", images=BYTES)
        saved(data / "b.npz", images=BYTES[:3])
        assert source.missing(data) == []
        assert len(source.load("train", data)) == 10
        assert len(source.load("test", data)) == 3
        saved(work / "a.npz", images=BYTES[:7])
        assert len(source.load("train", data)) == 7
        assert source.missing(None) == ["b.npz"]

    @pytest.mark.parametrize(("split", "name"), [("train", "a.npz"), ("test", "b.npz")])
    def test_a_file_that_is_nowhere(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: Any, name: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(DataMissingError, match=f"no file '{name}' in .* nor in") as caught:
            Npz(train="a.npz", test="b.npz").load(split, tmp_path / "data")
        assert str(tmp_path / "data") in str(caught.value)
        assert "--data-dir or DCGRAPH_DATA" in str(caught.value)
        assert caught.value.problem.field == f"data.{split}"

    def test_there_is_nothing_to_download(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="'npz' has nothing to download"):
            Npz(train="a.npz").fetch(tmp_path)


def test_without_a_test_file_every_fifth_image_is_a_test_image(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", images=BYTES, labels=LABELS)
    source = Npz(train=path)
    train, test = source.load("train", None), source.load("test", None)
    assert train.labels is not None
    assert test.labels is not None
    assert test.labels.tolist() == [4, 9]
    assert train.labels.tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
    np.testing.assert_array_equal(test.images, BYTES[[4, 9]])
    np.testing.assert_array_equal(train.images, BYTES[train.labels])


@pytest.mark.parametrize("wrong", [{}, {"train": 3}, {"train": "a", "scale": 0.0}, {"tain": "a"}])
def test_settings_are_strict(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Npz(**wrong)
