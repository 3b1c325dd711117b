"""The watch: its address, what it shows meanwhile, how it ends."""

import shutil
import signal
import subprocess
import sys
import threading
from time import sleep
from urllib.request import urlopen

import pytest
from model_files import write_tiny

from dcgraph.cli import watch

PROGRAM = [sys.executable, "-m", "dcgraph", "watch"]


def text(url):
    with urlopen(url, timeout=20) as answer:
        return answer.read().decode()


@pytest.fixture
def pauses(monkeypatch):
    """Return a function that takes what is to be done at each pause; then comes Ctrl-C."""

    def plan(*actions):
        left = list(actions)

        def pause(seconds):
            if not left:
                raise KeyboardInterrupt
            left.pop(0)()

        monkeypatch.setattr(watch.time, "sleep", pause)

    return plan


def test_a_process_waits_for_a_model_shows_it_and_ends_by_ctrl_c(tmp_path):
    path = tmp_path / "runs" / "new.h5"
    process = subprocess.Popen(
        [*PROGRAM, path, "--samples", "4"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    deadline = threading.Timer(120, process.kill)
    deadline.start()
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        assert "Waiting for" in text(url)
        path.parent.mkdir()
        write_tiny(path)
        while "Complete" not in text(url):
            sleep(0.05)
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate()
    finally:
        deadline.cancel()
        process.kill()
        process.communicate()
    assert process.returncode == 0, said
    assert rest == ""
    assert "Traceback" not in said
    assert [each.name for each in path.parent.iterdir()] == ["new.h5"]


def test_a_new_model_has_a_new_page(call, pauses, model, tmp_path, monkeypatch):
    path = write_tiny(tmp_path / "m.h5")
    opened, pages = [], []
    monkeypatch.setattr("click.launch", opened.append)
    pauses(
        lambda: (pages.append(text(opened[0])), shutil.copy(model, path)),
        lambda: pages.append(text(opened[0])),
    )
    answer = call("watch", path, "--samples", "4", "--open")
    assert answer.code == 0, answer.stderr
    assert opened == [answer.stdout.strip()]
    assert "<h1>small</h1>" not in pages[0]
    assert "<h1>small</h1>" in pages[1]
    assert "step 12 of 20" in answer.stderr


def test_json_gives_the_address_at_once(call, pauses, tmp_path):
    pauses()
    answer = call("watch", write_tiny(tmp_path / "m.h5"), "--samples", "4", "--json")
    assert answer.code == 0, answer.stderr
    assert answer.json["command"] == "watch"
    assert answer.json["ok"] is True
    assert answer.json["url"].startswith("http://127.0.0.1:")


def test_a_file_that_goes_bad_leaves_the_page_and_is_named_once(call, pauses, tmp_path):
    path = write_tiny(tmp_path / "m.h5")
    pauses(lambda: path.write_text("no model any more"), lambda: None)
    answer = call("watch", path, "--samples", "4")
    assert answer.code == 0, answer.stderr
    assert answer.stderr.count("warning: the page stays as it is") == 1


def test_what_is_no_model_is_refused_at_once(call, tmp_path):
    (tmp_path / "no.h5").write_text("no model")
    answer = call("watch", "no.h5")
    assert answer.code == 1
    assert "no model file" in answer.stderr


def test_data_that_was_asked_for_must_be_there(call, model):
    answer = call("watch", model, "--data", "mnist")
    assert answer.code == 2
    assert "mnist" in answer.stderr


def test_a_port_that_is_none_is_refused(call, model):
    answer = call("watch", model, "--port", "65536")
    assert answer.code == 2
    assert "--port" in answer.stderr
