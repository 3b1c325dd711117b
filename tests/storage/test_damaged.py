"""Files that are not, byte for byte, what was written: no accident gets past the checksum."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_files import write_tiny

from dcgraph.errors import ModelFileError, RequestError
from dcgraph.storage.read import read_graph, read_model
from dcgraph.storage.seal import SEAL_BYTES, SIGNATURE


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_tiny(tmp_path_factory.mktemp("sound") / "m.h5").read_bytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m.h5"


def offsets(content: bytes) -> st.SearchStrategy[int]:
    """Return places in a file, many of them in its superblock and its checksum."""
    size = len(content)

    def place(number: int) -> int:
        part, rest = divmod(number, size)
        return (rest, rest % 61, size - 1 - rest % SEAL_BYTES)[part]

    return st.integers(0, 3 * size - 1).map(place)


def refusal(path: Path) -> str:
    """Return the one sentence both ways of reading answer with."""
    with pytest.raises(ModelFileError) as first:
        read_model(path)
    with pytest.raises(ModelFileError) as second:
        read_graph(path)
    assert str(first.value) == str(second.value)
    assert first.value.problem.file == str(path)
    assert "\n" not in str(first.value)
    return first.value.problem.message


def test_the_sound_file_is_read(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert read_model(path).step == 12


@given(st.data())
def test_one_flipped_bit_is_found_wherever_it_is(
    tmp_path: Path, content: bytes, data: st.DataObject
) -> None:
    at = data.draw(offsets(content))
    changed = bytearray(content)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "flipped.h5"
    path.write_bytes(changed)
    assert "damaged" in refusal(path) or "no model file" in refusal(path)


@given(st.data())
def test_a_cut_file_is_found_however_long_it_is(
    tmp_path: Path, content: bytes, data: st.DataObject
) -> None:
    length = data.draw(offsets(content))
    path = tmp_path / "cut.h5"
    path.write_bytes(content[:length])
    assert "damaged" in refusal(path) or "no model file" in refusal(path)


@pytest.mark.parametrize("more", [b"\0", b"x" * 5000])
def test_bytes_behind_the_end_are_found(path: Path, content: bytes, more: bytes) -> None:
    path.write_bytes(content + more)
    assert "is damaged or was cut short" in refusal(path)
    path.write_bytes(content[:-SEAL_BYTES] + more)
    assert "is damaged or was cut short" in refusal(path)


def test_a_stretch_of_zeros_is_found(path: Path, content: bytes) -> None:
    changed = bytearray(content)
    changed[4096:8192] = bytes(4096)
    assert changed != content
    path.write_bytes(changed)
    assert "is damaged: its bytes are not those that were written" in refusal(path)


def test_bits_that_flip_in_two_places_are_found(path: Path, content: bytes) -> None:
    changed = bytearray(content)
    changed[2000] ^= 1
    changed[-20] ^= 1
    path.write_bytes(changed)
    assert "is damaged" in refusal(path)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (b"", "is no model file: it is empty"),
        (b"name: x\nnodes: {}\n", "is no model file: it is not HDF5"),
        (np.random.default_rng(0).bytes(70_000), "is no model file: it is not HDF5"),
        (bytes(70_000), "is no model file: it is not HDF5"),
        (b"dcgraph-model sha256 ", "is no model file: it is not HDF5"),
        (SIGNATURE, "is damaged or was cut short: it holds 8 bytes"),
        (SIGNATURE + bytes(60_000), "is damaged or was cut short: it holds 60,008 bytes"),
        (SIGNATURE + b"\xff" * 60_000, "is damaged or was cut short: it holds 60,008 bytes"),
    ],
)
def test_other_content_is_refused(path: Path, other: bytes, words: str) -> None:
    path.write_bytes(other)
    assert words in refusal(path)


def test_an_hdf5_file_of_another_program_is_refused(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["images"] = np.zeros(100)
    assert refusal(path).endswith("'/' has no attribute 'format'")


class TestWhatIsRead:
    """A file that a program changed on purpose is no damaged one."""

    def test_an_edited_model(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        with h5py.File(path, "r+") as file:
            file["run"].attrs["step"] = 13
            file["nodes/gmm1/parameters/means"][0, 0] = 0.25
            file["nodes/gmm1/annealing"].attrs["sigma"] = 0.125
        record = read_model(path)
        assert record.step == 13
        assert (record.states["gmm1"].parameters["means"][0, 0] == 0.25).all()
        assert record.states["gmm1"].annealing["sigma"] == 0.125

    def test_an_edited_model_that_was_cut(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        with h5py.File(path, "r+") as file:
            file["run"].attrs["step"] = 13
        path.write_bytes(path.read_bytes()[:-1])
        assert "is damaged or was cut short" in refusal(path)

    def test_a_model_without_its_checksum(self, path: Path, content: bytes) -> None:
        path.write_bytes(content[:-SEAL_BYTES])
        assert read_model(path).step == 12

    def test_a_model_that_another_library_version_wrote(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        copied = path.with_name("copy.h5")
        with h5py.File(path, "r") as file, h5py.File(copied, "w", libver="earliest") as copy:
            copy.attrs.update(file.attrs)
            for name in file:
                file.copy(name, copy)
        assert read_model(copied).step == 12


class TestWhatIsNoFile:
    def test_a_missing_file(self, path: Path) -> None:
        with pytest.raises(RequestError, match=r"there is no such model file.*dcgraph run") as info:
            read_model(path)
        assert info.value.problem.file == str(path)

    def test_a_directory(self, tmp_path: Path) -> None:
        with pytest.raises(RequestError, match="is no file: name a model file"):
            read_model(tmp_path)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
    def test_a_pipe_is_not_waited_for(self, path: Path) -> None:
        os.mkfifo(path)
        with pytest.raises(RequestError, match="is no file: name a model file"):
            read_model(path)

    def test_an_unreadable_file(
        self, path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path.write_bytes(content)

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(RequestError, match="cannot be read: Permission denied"):
            read_model(path)
