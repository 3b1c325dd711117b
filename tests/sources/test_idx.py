from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from idx_files import idx_bytes, write_idx

from dcgraph.errors import DataError
from dcgraph.sources.idx import read_idx

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)

shapes = st.integers(1, 3).flatmap(lambda d: st.tuples(*[st.integers(0, 5)] * d))


@given(shapes.flatmap(lambda shape: arrays(np.uint8, shape)), st.sampled_from(["a.gz", "a"]))
def test_what_was_written_is_read(tmp_path: Path, array: np.ndarray, name: str) -> None:
    read = read_idx(write_idx(tmp_path / name, array), array.ndim)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, array)


def test_the_content_and_not_the_name_says_whether_it_is_gzipped(tmp_path: Path) -> None:
    path = tmp_path / "packed-idx3-ubyte"
    path.write_bytes(gzip.compress(idx_bytes(IMAGES)))
    np.testing.assert_array_equal(read_idx(path, 3), IMAGES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "should begin with 00 00 08 03, received nothing"),
        (b"PK\x03\x04" + bytes(40), "should begin with 00 00 08 03, received 50 4b 03 04"),
        (idx_bytes(IMAGES)[:10], "is no IDX file"),
        (idx_bytes(IMAGES[0]), "in 3 dimension.* received 00 00 08 02"),
        (b"\0\0\x0d\x03" + idx_bytes(IMAGES)[4:], "of unsigned bytes"),
        (idx_bytes(IMAGES)[:-1], "promises 24 bytes, it holds 23: delete it and fetch"),
        (idx_bytes(IMAGES) + b"!", "promises 24 bytes, it holds more than 24"),
        (idx_bytes(IMAGES)[:4] + b"\xff" * 12, "is damaged: its header promises 79,228"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_no_whole_idx_file_is_refused(
    tmp_path: Path, content: bytes, message: str, packed: bool
) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path, 3)
    assert caught.value.problem.file == str(path)


def test_no_damage_to_a_gzipped_file_goes_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    whole = gzip.compress(idx_bytes(IMAGES), mtime=0)
    for place in range(len(whole)):
        if place in range(3, 10):  # flags, time, operating system: not the content
            continue
        broken = bytearray(whole)
        broken[place] ^= 0x55
        path.write_bytes(broken)
        with pytest.raises(DataError):
            read_idx(path, 3)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_a_download_that_broke_off_is_refused(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "a.gz"
    noise = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)
    whole = gzip.compress(idx_bytes(noise))
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(DataError, match=r"compressed data is damaged .*delete it and fetch"):
        read_idx(path, 3)


def test_a_small_file_cannot_make_a_large_one_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(idx_bytes(IMAGES) + bytes(50_000_000)))
    with pytest.raises(DataError, match="holds more than 24"):
        read_idx(path, 3)


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read: Is a directory") as caught:
        read_idx(tmp_path, 3)
    assert caught.value.problem.file == str(tmp_path)
