"""One page, to this machine alone, and a file that changes under it."""

import http.client
import socket
import threading

import pytest
from model_files import tiny_record, write_tiny

from dcgraph.errors import ModelFileError, RequestError
from dcgraph.report.live import LivePage, Watch
from dcgraph.storage.read import read_model
from dcgraph.storage.write import write_model


@pytest.fixture
def page():
    with LivePage(0) as live:
        live.put('<body data-version="">first</body>')
        yield live


def ask(page, path="/", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=names)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def test_the_page_carries_the_version_it_is_asked_by(page):
    status, headers, body = ask(page)
    assert status == 200
    assert f"data-version={headers['ETag']}" in body
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-cache"
    assert ask(page, method="HEAD")[1]["ETag"] == headers["ETag"]


def test_what_has_not_changed_is_not_sent_again(page):
    tag = ask(page)[1]["ETag"]
    status, _, body = ask(page, If_None_Match=tag)
    assert (status, body) == (304, "")
    page.put('<body data-version="">second</body>')
    status, headers, body = ask(page, If_None_Match=tag)
    assert status == 200
    assert "second" in body
    assert headers["ETag"] != tag


def test_nothing_else_is_served(page):
    for path in ("/index.html", "/../etc/passwd", "/?a=b", "/favicon.ico"):
        assert ask(page, path)[0] == 404
    assert ask(page, method="POST")[0] == 501


def test_a_request_under_another_name_is_refused(page):
    assert ask(page, Host=f"localhost:{page.port}")[0] == 200
    for name in (f"evil.example:{page.port}", "127.0.0.1", "127.0.0.1:1", ""):
        status, _, body = ask(page, Host=name)
        assert status == 421
        assert "first" not in body


def test_it_listens_on_the_loopback_address_alone(page):
    assert page.server_address[0] == "127.0.0.1"
    assert page.url == f"http://127.0.0.1:{page.port}/"


def test_a_port_that_is_taken_is_named():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(RequestError, match=f"port {taken} cannot be had.*leave out --port"):
            LivePage(taken)


def watching(path, page):
    return Watch(path, page, lambda: f"<body>step {read_model(path).step}</body>")


def test_a_watch_shows_a_file_when_it_comes_and_when_it_changes(page, tmp_path):
    path = tmp_path / "m.h5"
    watch = watching(path, page)
    assert not watch.look()
    write_tiny(path)
    assert watch.look()
    assert "step 12" in ask(page)[2]
    assert not watch.look()
    record = tiny_record()
    record.step = 15
    write_model(path, record)
    assert watch.look()
    assert "step 15" in ask(page)[2]
    path.unlink()
    assert not watch.look()
    assert "step 15" in ask(page)[2]


def test_what_cannot_be_shown_leaves_the_page_and_is_tried_again_when_it_changes(page, tmp_path):
    path = tmp_path / "m.h5"
    path.write_text("no model")
    watch = watching(path, page)
    with pytest.raises(ModelFileError):
        watch.look()
    assert not watch.look()
    assert "first" in ask(page)[2]
    write_tiny(path)
    assert watch.look()


def test_a_file_that_is_being_replaced_is_always_one_state(page, tmp_path):
    path = write_tiny(tmp_path / "m.h5")
    watch = watching(path, page)
    done = threading.Event()

    def writing():
        record = tiny_record()
        while not done.is_set():
            record.step = record.step % 19 + 1
            record.history = {}
            write_model(path, record)

    thread = threading.Thread(target=writing)
    thread.start()
    try:
        shown = 0
        while shown < 10:
            shown += watch.look()
    finally:
        done.set()
        thread.join()
    assert "step" in ask(page)[2]
