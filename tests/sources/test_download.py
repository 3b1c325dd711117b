from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from file_server import FileServer

from dcgraph.errors import DataError
from dcgraph.sources.download import download

CONTENT = b"pixels" * 1000
CHECKSUMS = {"a.gz": sha256(CONTENT).hexdigest()}


def test_files_are_written_whole(tmp_path: Path, server: FileServer) -> None:
    server.files = {"set/a.gz": CONTENT}
    folder = tmp_path / "data" / "set"
    download(["a.gz"], folder, mirrors=[server.address + "set/"], checksums=CHECKSUMS)
    assert (folder / "a.gz").read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == ["a.gz"]


def test_a_later_mirror_is_asked_when_the_first_has_nothing_or_something_else(
    tmp_path: Path, server: FileServer
) -> None:
    server.files = {"false/a.gz": b"an error page", "true/a.gz": CONTENT}
    mirrors = [server.address + folder for folder in ("none/", "false/", "true/")]
    download(["a.gz"], tmp_path, mirrors=mirrors, checksums=CHECKSUMS)
    assert (tmp_path / "a.gz").read_bytes() == CONTENT
    assert server.requests == ["none/a.gz", "false/a.gz", "true/a.gz"]


@pytest.mark.parametrize(
    ("served", "reason"), [({}, "404"), ({"a.gz": b"other"}, "SHA256 hash .* does not match")]
)
def test_what_is_not_the_true_file_leaves_no_trace(
    tmp_path: Path, server: FileServer, served: dict[str, bytes], reason: str
) -> None:
    server.files = served
    with pytest.raises(DataError, match=f"could not be downloaded .*{reason}") as caught:
        download(["a.gz"], tmp_path, mirrors=[server.address], checksums=CHECKSUMS)
    assert server.address in str(caught.value)
    assert caught.value.problem.file == str(tmp_path / "a.gz")
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_breaks_off_leaves_no_trace(tmp_path: Path, server: FileServer) -> None:
    server.files, server.cut = {"a.gz": CONTENT}, 3000
    with pytest.raises(DataError, match="could not be downloaded"):
        download(["a.gz"], tmp_path, mirrors=[server.address], checksums=CHECKSUMS)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_leaves_the_file_that_was_there(
    tmp_path: Path, server: FileServer
) -> None:
    (tmp_path / "a.gz").write_bytes(b"of yesterday")
    server.files = {"a.gz": b"other"}
    with pytest.raises(DataError):
        download(["a.gz"], tmp_path, mirrors=[server.address], checksums=CHECKSUMS)
    assert (tmp_path / "a.gz").read_bytes() == b"of yesterday"
    assert [path.name for path in tmp_path.iterdir()] == ["a.gz"]


def test_a_true_file_is_not_asked_for_again(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "a.gz").write_bytes(CONTENT)
    download(["a.gz"], tmp_path, mirrors=[server.address], checksums=CHECKSUMS)
    assert server.requests == []


def test_without_a_network_the_error_says_what_else_can_be_done(tmp_path: Path) -> None:
    unused = "http://127.0.0.1:9/"  # the discard port: nothing listens
    with pytest.raises(DataError, match="try again, or put the file there yourself"):
        download(["a.gz"], tmp_path, mirrors=[unused], checksums=CHECKSUMS)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "file").write_text("")
    server.files = {"a.gz": CONTENT}
    with pytest.raises(DataError, match="could not be downloaded"):
        download(["a.gz"], tmp_path / "file", mirrors=[server.address], checksums=CHECKSUMS)
