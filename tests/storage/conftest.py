from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from model_files import write_tiny


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_tiny(tmp_path_factory.mktemp("sound") / "m.h5").read_bytes()


@pytest.fixture
def path(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "m.h5"
    path.write_bytes(content)
    return path


@pytest.fixture
def bounded() -> Iterator[None]:
    """Hold a test to little memory and time."""
    tracemalloc.start()
    began = monotonic()
    yield
    seconds = monotonic() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50e6
    assert seconds < 20
