from __future__ import annotations

from pathlib import Path

import pytest

from dcgraph.data.directory import data_directory


def test_what_is_given_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCGRAPH_DATA", "/elsewhere")
    assert data_directory(tmp_path) == tmp_path
    assert data_directory(str(tmp_path)) == tmp_path


def test_then_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCGRAPH_DATA", "/elsewhere/data")
    assert data_directory(None) == Path("/elsewhere/data")


@pytest.mark.parametrize("value", [None, ""])
def test_then_the_users_cache(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is None:
        monkeypatch.delenv("DCGRAPH_DATA", raising=False)
    else:
        monkeypatch.setenv("DCGRAPH_DATA", value)
    found = data_directory(None)
    assert found.is_absolute()
    assert found.name.lower() == "dcgraph"


def test_a_tilde_is_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("DCGRAPH_DATA", "~/images")
    assert data_directory("~/given") == tmp_path / "given"
    assert data_directory(None) == tmp_path / "images"
