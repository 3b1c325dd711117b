"""Killed writers, full disks and places that cannot be written to."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from model_files import assert_equal_records, tiny_record, write_tiny

from dcgraph.errors import DcgraphError, RequestError, RunError
from dcgraph.storage.lock import output_lock
from dcgraph.storage.read import read_model
from dcgraph.storage.replace import replace_file, sweep
from dcgraph.storage.write import write_model

TESTS = Path(__file__).parents[1]
KILLS = 20
KILLER = """
import json, os, random, signal, sys, time
from pathlib import Path

from model_files import tiny_record
from dcgraph.storage.lock import output_lock
from dcgraph.storage.read import read_model
from dcgraph.storage.write import write_model

path, record, draw, steps = Path(sys.argv[1]), tiny_record("G(4)"), random.Random(0), []
record.total_steps = 10**9
for _ in range(int(sys.argv[2])):
    heard, says = os.pipe()
    writer = os.fork()
    if writer == 0:
        with output_lock(path):
            while True:
                os.write(says, b"x")
                record.step += 1
                write_model(path, record)
    for _ in range(draw.randint(1, 3)):
        os.read(heard, 1)
    time.sleep(draw.uniform(0, 0.03))  # about as long as a write takes
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    record.step = read_model(path).step
    steps.append(record.step)
json.dump(steps, sys.stdout)
"""


def run_script(script: str, *arguments: object) -> str:
    """Run a program in a process of its own; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, "PYTHONPATH": str(TESTS), "OPENBLAS_NUM_THREADS": "1"},
    )
    return done.stdout


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "m.h5", notation="G(4)")
    steps = json.loads(run_script(KILLER, path, KILLS))
    assert len(steps) == KILLS  # whatever was killed when, the file could be read
    assert steps == sorted(steps)
    assert steps[-1] > 12 + KILLS / 4  # and some had written by then
    with output_lock(path):  # neither locks nor leavings hinder the next writer
        write_model(path, tiny_record())
    assert names(tmp_path) == ["m.h5"]


class TestReplaceFile:
    def test_missing_folders_are_made(self, tmp_path: Path) -> None:
        replace_file(tmp_path / "a" / "b" / "m.h5", b"content")
        assert (tmp_path / "a" / "b" / "m.h5").read_bytes() == b"content"
        assert names(tmp_path / "a" / "b") == ["m.h5"]

    def test_the_file_is_as_readable_as_any(self, tmp_path: Path) -> None:
        (tmp_path / "usual").write_bytes(b"")
        replace_file(tmp_path / "m.h5", b"")
        assert (tmp_path / "m.h5").stat().st_mode == (tmp_path / "usual").stat().st_mode

    def test_a_reader_of_the_old_file_keeps_it(self, tmp_path: Path) -> None:
        path = tmp_path / "m.h5"
        path.write_bytes(b"old")
        with path.open("rb") as old:
            replace_file(path, b"new")
            assert old.read() == b"old"
        assert path.read_bytes() == b"new"

    def test_a_planted_link_is_not_written_through(self, tmp_path: Path) -> None:
        victim = tmp_path / "victim"
        victim.write_bytes(b"mine")
        (tmp_path / "m.h5").symlink_to(victim)
        replace_file(tmp_path / "m.h5", b"new")
        assert victim.read_bytes() == b"mine"
        assert (tmp_path / "m.h5").read_bytes() == b"new"

    def test_only_leavings_of_this_very_file_are_swept(self, tmp_path: Path) -> None:
        keep = [
            ".m.h5.part",
            ".m.h5.0123456.part",
            ".m.h5.x.01234567.part",
            "m.h5",
            ".n.h5.01234567.part",
        ]
        for name in [*keep, ".m.h5.01234567.part", ".m.h5.89abcdef.part"]:
            (tmp_path / name).touch()
        sweep(tmp_path / "m.h5")
        assert names(tmp_path) == sorted(keep)

    def test_names_with_signs_of_patterns_are_swept_too(self, tmp_path: Path) -> None:
        (tmp_path / ".m[1]*.h5.01234567.part").touch()
        sweep(tmp_path / "m[1]*.h5")
        assert names(tmp_path) == []


def failure(path: Path) -> DcgraphError:
    with pytest.raises(DcgraphError) as info:
        write_model(path, tiny_record())
    assert info.value.problem.file == str(path)
    return info.value


class TestPlaces:
    def test_a_directory(self, tmp_path: Path) -> None:
        path = tmp_path / "m.h5"
        path.mkdir()
        error = failure(path)
        assert isinstance(error, RequestError)
        assert "cannot be written there: Is a directory; name another with -o" in str(error)
        assert names(tmp_path) == ["m.h5"]

    def test_a_file_where_a_folder_should_be(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        error = failure(tmp_path / "file" / "m.h5")
        assert isinstance(error, RequestError)
        assert "cannot be written there" in str(error)

    def test_a_name_that_is_too_long(self, tmp_path: Path) -> None:
        error = failure(tmp_path / ("n" * 255))
        assert isinstance(error, RequestError)
        assert "File name too long" in str(error)

    @pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
    def test_a_folder_that_is_not_writable(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        path = write_tiny(tmp_path / "m.h5")

        def refuse(self: Path, mode: str) -> None:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patched:
            patched.setattr(Path, "open", refuse)
            error = failure(path)
        assert isinstance(error, RequestError)
        assert f"cannot be written there: {os.strerror(number)}" in str(error)
        assert names(tmp_path) == ["m.h5"]

    @pytest.mark.skipif(
        os.name != "posix" or os.geteuid() == 0, reason="needs permissions that bind this user"
    )
    def test_a_folder_without_permission(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        assert isinstance(failure(tmp_path / "m.h5"), RequestError)
        tmp_path.chmod(0o700)


class TestFullDisk:
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
    def test_the_old_file_is_whole_and_nothing_is_left(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        path = write_tiny(tmp_path / "m.h5", seed=5)

        def fail(_: int) -> None:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", fail)
            error = failure(path)
        assert isinstance(error, RunError)
        assert f"could not be written: {os.strerror(number)}" in str(error)
        assert "what was there before is untouched" in str(error)
        assert names(tmp_path) == ["m.h5"]
        assert_equal_records(read_model(path), tiny_record(seed=5))

    @pytest.mark.skipif(os.name != "posix", reason="needs limits of file size")
    def test_a_disk_that_takes_half_a_file(self, tmp_path: Path) -> None:
        path = write_tiny(tmp_path / "m.h5", seed=5)
        script = """
import resource, signal, sys
from pathlib import Path
from model_files import tiny_record
from dcgraph.errors import RunError
from dcgraph.storage.write import write_model

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
    write_model(Path(sys.argv[1]), tiny_record())
except RunError as error:
    print(error)
"""
        output = run_script(script, path)
        assert "could not be written: File too large" in output
        assert names(tmp_path) == ["m.h5"]
        assert_equal_records(read_model(path), tiny_record(seed=5))
