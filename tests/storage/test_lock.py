from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from contender import contend

from dcgraph.errors import OutputLockedError, RequestError
from dcgraph.storage.lock import output_lock

HOLDER = """
import sys
from pathlib import Path
from dcgraph.storage.lock import output_lock

with output_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m.h5"


def start_holder(path: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_second_process_is_refused_until_the_first_is_done(path: Path) -> None:
    holder = start_holder(path)
    with (
        pytest.raises(OutputLockedError, match="another process is writing") as info,
        output_lock(path),
    ):
        pass
    assert info.value.exit_code == 2
    assert info.value.problem.file == str(path)
    holder.communicate("\n", timeout=30)
    with output_lock(path):
        pass
    assert list(path.parent.iterdir()) == []


def test_a_killed_holder_does_not_block(path: Path) -> None:
    holder = start_holder(path)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert path.with_name("m.h5.lock").exists()
    with output_lock(path):
        pass
    assert list(path.parent.iterdir()) == []


def test_the_same_process_is_refused_too(path: Path) -> None:
    with output_lock(path), pytest.raises(OutputLockedError), output_lock(path):
        pass
    assert list(path.parent.iterdir()) == []


def test_a_refused_process_leaves_the_lock_to_its_holder(path: Path) -> None:
    with output_lock(path):
        for _ in range(2):
            with pytest.raises(OutputLockedError), output_lock(path):
                pass
        assert path.with_name("m.h5.lock").exists()


def test_an_error_inside_frees_it(path: Path) -> None:
    with pytest.raises(KeyError), output_lock(path):
        raise KeyError
    with output_lock(path):
        pass


def test_other_files_are_free(path: Path) -> None:
    with output_lock(path), output_lock(path.with_name("n.h5")):
        pass


def test_leavings_of_killed_writers_are_swept(path: Path) -> None:
    path.with_name(".m.h5.0123abcd.part").write_bytes(b"half")
    with output_lock(path):
        assert not path.with_name(".m.h5.0123abcd.part").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(RequestError, match="cannot be written there") as info,
        output_lock(tmp_path / "file" / "m.h5"),
    ):
        pass
    assert not isinstance(info.value, OutputLockedError)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere filelock removes the file itself")
def test_the_name_goes_while_the_lock_is_held(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else someone could hold the lock of a name that is then removed, and another a new one."""
    import fcntl

    unlink, seen = Path.unlink, []

    def watched(self: Path, missing_ok: bool = False) -> None:
        if self.suffix == ".lock":
            with self.open("r+b") as file, pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            seen.append(self.name)
        unlink(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", watched)
    with output_lock(path):
        pass
    assert seen == ["m.h5.lock"]


def test_many_contenders_are_never_inside_together(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    contenders = [context.Process(target=contend, args=(path, 60)) for _ in range(4)]
    for contender in contenders:
        contender.start()
    for contender in contenders:
        contender.join(120)
    assert [contender.exitcode for contender in contenders] == [0] * 4
    assert list(path.parent.iterdir()) == []
