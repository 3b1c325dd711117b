"""Bytes on which the HDF5 library fails, crashes or hangs."""

from __future__ import annotations

import random
from collections import Counter
from io import BytesIO
from pathlib import Path
from time import monotonic

import h5py
import pytest
from model_files import assert_equal_records, tiny_record, write_tiny

from dcgraph.errors import DcgraphError, ModelFileError, RunError
from dcgraph.storage import guard
from dcgraph.storage import seal as seals
from dcgraph.storage.read import read_model
from dcgraph.storage.write import write_model

MUTATIONS = 25


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_tiny(tmp_path / "m.h5")


@pytest.fixture
def elsewhere(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file pass for one that another process wrote."""
    monkeypatch.setattr(seals, "_KEY", b"another process")


def guarded_by(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program in the place of the one that reads files first."""
    monkeypatch.setattr(guard, "_PROGRAM", program)


class TestWhoIsGuarded:
    def test_a_file_of_this_process_needs_no_other(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        guarded_by("raise SystemExit(5)", monkeypatch)
        assert_equal_records(read_model(path), tiny_record())

    @pytest.mark.usefixtures("elsewhere")
    def test_a_file_of_another_process_is_read(self, path: Path) -> None:
        assert_equal_records(read_model(path), tiny_record())

    @pytest.mark.usefixtures("elsewhere")
    def test_a_file_of_another_process_is_read_first(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        guarded_by("raise SystemExit(5)", monkeypatch)
        with pytest.raises(RunError, match="was to read it first failed"):
            read_model(path)

    def test_an_edited_file_is_read_first(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with h5py.File(path, "r+"):
            pass
        guarded_by("raise SystemExit(5)", monkeypatch)
        with pytest.raises(RunError, match="was to read it first failed"):
            read_model(path)


@pytest.mark.usefixtures("elsewhere")
class TestWhatTheOtherProcessMeets:
    @pytest.mark.parametrize(
        ("program", "words"),
        [
            (
                "from dcgraph.storage.probe import limit; limit(1, 1 << 28)\nwhile True: pass",
                "reading it takes too long",
            ),
            ("import os; os.abort()", "the HDF5 library crashes on it"),
            ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashes on it"),
            ("import os; os.write(1, b'bad heap'); os._exit(3)", r"cannot be read \(bad heap\)"),
        ],
    )
    def test_is_a_damaged_file(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
    ) -> None:
        paths = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
        guarded_by(paths + program, monkeypatch)
        with pytest.raises(ModelFileError, match=words):
            read_model(path)

    def test_a_process_that_sleeps_is_not_waited_for(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        guarded_by("import time; time.sleep(60)", monkeypatch)
        monkeypatch.setattr(guard, "PATIENCE", 0.1)
        with pytest.raises(ModelFileError, match="reading it takes too long"):
            read_model(path)

    def test_memory_is_bounded(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        program = (
            "import sys, json; sys.path[:] = json.loads(sys.argv[1])\n"
            "from dcgraph.storage.probe import limit; limit(5, 1 << 26)\n"
            "try: bytearray(1 << 30)\n"
            "except MemoryError: print('no memory', end='', flush=True); sys.exit(3)"
        )
        guarded_by(program, monkeypatch)
        with pytest.raises(ModelFileError, match="no memory"):
            read_model(path)

    def test_no_process_can_be_started(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.executable", "/nowhere/python")
        with pytest.raises(RunError, match="No such file or directory"):
            read_model(path)
        monkeypatch.setattr("sys.executable", "")
        with pytest.raises(RunError, match="cannot start another"):
            read_model(path)


def test_no_file_of_the_working_folder_is_run(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    for name in ("h5py", "numpy", "json", "dcgraph"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])
    monkeypatch.setattr(seals, "_KEY", b"another process")
    assert read_model(path).step == 12
    assert not (tmp_path / "ran").exists()


def test_a_wide_model_is_read_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.h5"
    record = tiny_record("-".join(["F(1,1)-G(4)"] * 60))
    write_model(path, record)
    monkeypatch.setattr(seals, "_KEY", b"another process")
    assert_equal_records(read_model(path), record)


def test_malformed_structures_under_a_right_checksum(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, draw = path.read_bytes()[: -seals.SEAL_BYTES], random.Random(0)
    used = [at for at, byte in enumerate(content) if byte]
    outcomes: Counter[str] = Counter()
    for i in range(MUTATIONS):
        changed = bytearray(content)
        for _ in range(draw.choice([1, 1, 4])):
            at = draw.choice(used)
            changed[at] = draw.choice([changed[at] ^ 1 << draw.randrange(8), 0, 127, 255])
        file = BytesIO(changed)
        monkeypatch.setattr(seals, "_KEY", b"%d" % i)
        seals.seal(file)
        monkeypatch.setattr(seals, "_KEY", b"another process")
        path.write_bytes(file.getvalue())
        began = monotonic()
        try:
            read_model(path)
            outcomes["read"] += 1
        except DcgraphError as error:
            assert isinstance(error, ModelFileError), error
            assert str(error).isprintable()
            outcomes["refused"] += 1
        assert monotonic() - began < 60
    assert outcomes["refused"] > MUTATIONS / 10  # the mutations do reach the checks
