from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest
from file_server import FileServer, file_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # After a failed request the HTTP client leaves its socket to the garbage collector.
    warnings.simplefilter("ignore", ResourceWarning)
    with file_server() as served:
        yield served
    gc.collect()
