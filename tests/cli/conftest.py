"""Calling the program in this process, and a model that took a second to train."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dcgraph.cli.main import main


@dataclass(frozen=True)
class Answer:
    """What a call printed and how it ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        found = json.loads(self.stdout)
        assert isinstance(found, dict)
        return found


Call = Callable[..., Answer]
SMALL = Path(__file__).with_name("small.yaml")


def call(*arguments: str | Path) -> Answer:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return Answer(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(name="call")
def call_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls the program in an empty folder, with an empty data directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DCGRAPH_DATA", str(tmp_path / "data"))
    return call


@pytest.fixture(scope="session")
def anywhere() -> Call:
    """Calls the program where the tests were started; for what outlives one test."""
    return call


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a small graph, after two epochs of digits."""
    path = tmp_path_factory.mktemp("model") / "small.h5"
    answer = call("run", SMALL, "--epochs", "2", "-o", path)
    assert answer.code == 0, answer.stderr
    return path


@pytest.fixture(scope="session")
def small() -> Path:
    """The file of that graph."""
    return SMALL
