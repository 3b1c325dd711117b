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
from dcgraph.storage.seal import SIGNATURE, USER_BLOCK


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_tiny(tmp_path_factory.mktemp("sound") / "m.h5").read_bytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m.h5"


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
    at = data.draw(st.integers(0, len(content) - 1) | st.integers(0, USER_BLOCK + 100))
    changed = bytearray(content)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "flipped.h5"
    path.write_bytes(changed)
    assert "damaged" in refusal(path) or "no model file" in refusal(path)


@given(st.data())
def test_a_cut_file_is_found_however_long_it_is(
    tmp_path: Path, content: bytes, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, len(content) - 1) | st.integers(0, USER_BLOCK + 100))
    path = tmp_path / "cut.h5"
    path.write_bytes(content[:length])
    assert "damaged" in refusal(path) or "no model file" in refusal(path)


@pytest.mark.parametrize("more", [b"\0", b"x" * 5000])
def test_bytes_behind_the_end_are_found(path: Path, content: bytes, more: bytes) -> None:
    path.write_bytes(content + more)
    assert "is damaged or was changed" in refusal(path)


def test_a_stretch_of_zeros_is_found(path: Path, content: bytes) -> None:
    changed = bytearray(content)
    changed[4096:8192] = bytes(4096)
    assert changed != content
    path.write_bytes(changed)
    assert "is damaged or was changed" in refusal(path)


def test_a_change_by_another_program_is_found(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with h5py.File(path, "r+") as file:
        file["run"].attrs["step"] = 13
    assert "changed by another program" in refusal(path)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (b"", "is no model file: it is empty"),
        (b"name: x\nnodes: {}\n", "is no model file: it does not begin as one"),
        (np.random.default_rng(0).bytes(70_000), "is no model file: it does not begin as one"),
        (bytes(70_000), "is no model file: it does not begin as one"),
        (b"dcgraph-model sha256 ", "is damaged or was changed"),
        (b"dcgraph-model sha256 " + b"0" * 64 + b"\n", "is damaged or was changed"),
        (SIGNATURE, "is an HDF5 file, but none that dcgraph wrote"),
    ],
)
def test_other_content_is_refused(path: Path, other: bytes, words: str) -> None:
    path.write_bytes(other)
    assert words in refusal(path)


def test_an_hdf5_file_of_another_program_is_refused(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["format"] = "dcgraph-model"
    assert refusal(path).startswith("is an HDF5 file, but none that dcgraph wrote")


def test_a_model_without_its_user_block_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content[USER_BLOCK:])
    assert refusal(path).startswith("is an HDF5 file, but none that dcgraph wrote")


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

        def refuse(*_: object) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(RequestError, match="cannot be read: Permission denied"):
            read_model(path)
