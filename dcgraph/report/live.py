"""Serves a page to this machine alone, and looks after the file it is made from."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from dcgraph.errors import RequestError

LOGGER = logging.getLogger(__name__)
LOOPBACK = "127.0.0.1"
VERSION = 'data-version=""'  # where a page keeps its own version, to compare with the next


class LivePage(ThreadingHTTPServer):
    """One page on the loopback address; nothing else is served, and to nobody else.

    Parameters
    ----------
    port : int
        0 takes a free one.

    Raises
    ------
    RequestError
        The port cannot be had.
    """

    daemon_threads = True

    def __init__(self, port: int) -> None:
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except (OSError, OverflowError) as error:
            message = f"port {port} cannot be had: name another, or leave out --port for a free one"
            raise RequestError(message, field="--port") from error
        self.body, self.tag = b"", ""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """What to open."""
        return f"http://{LOOPBACK}:{self.port}/"

    def put(self, html: str) -> None:
        """Serve this page from now on."""
        tag = hashlib.sha256(html.encode()).hexdigest()[:16]
        self.body, self.tag = html.replace(VERSION, f'data-version="{tag}"', 1).encode(), tag

    def __enter__(self) -> LivePage:
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: LivePage
    server_version, sys_version = "dcgraph", ""
    timeout = 60  # seconds; who connects and asks for nothing is let go

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        body, tag = self.server.body, f'"{self.server.tag}"'
        # A page elsewhere whose name was made to point here must not read this one.
        names = {f"{name}:{self.server.port}" for name in (LOOPBACK, "localhost")}
        if self.headers.get("Host") not in names:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        elif self.path != "/":
            self.send_error(HTTPStatus.NOT_FOUND)
        elif self.headers.get("If-None-Match") == tag:
            self._head(HTTPStatus.NOT_MODIFIED, tag)
        else:
            self._head(HTTPStatus.OK, tag, len(body))
            if with_body:
                self.wfile.write(body)

    def _head(self, status: HTTPStatus, tag: str, length: int = 0) -> None:
        self.send_response(status)
        if status is HTTPStatus.OK:
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(length))
        for name, value in {
            "ETag": tag,
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
        }.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        LOGGER.debug(format, *args)


@dataclass
class Watch:
    """Puts a new page up whenever a file has changed.

    A run replaces its model file as a whole, so that what is read is one state of the run.

    Attributes
    ----------
    path : Path
        The file; it need not be there yet.
    page : LivePage
    render : callable
        Reads the file and returns its page.
    """

    path: Path
    page: LivePage
    render: Callable[[], str]
    _seen: tuple[int, int, int] | None = field(default=None, init=False)

    def look(self) -> bool:
        """Return whether there was something new, which the page now shows.

        Raises
        ------
        DcgraphError
            What has changed cannot be shown; it is not looked at again until it changes.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:  # not yet, or not any more: the last page stays
            return False
        stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
        if stamp == self._seen:
            return False
        self._seen = stamp
        self.page.put(self.render())
        return True
