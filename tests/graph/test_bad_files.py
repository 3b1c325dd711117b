"""Every file in `bad/` says in its first lines what is wrong with it, and where."""

from __future__ import annotations

import re
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from dcgraph.errors import GraphError
from dcgraph.graph.load import load_graph

FOLDER = Path(__file__).with_name("bad")
FILES = sorted(FOLDER.glob("*.yaml"))
EXPECTATION = re.compile(r"# expect(?: line (\d+))?: (.+)")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every machine one of 16 GiB."""
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**22}
    monkeypatch.setattr("os.sysconf", sizes.__getitem__)


def expectations(file: Path) -> list[tuple[int | None, str]]:
    found = []
    for line in file.read_text().splitlines():
        match = EXPECTATION.fullmatch(line)
        if match is None:
            break
        found.append((int(match[1]) if match[1] else None, match[2]))
    return found


def test_there_are_many_of_them() -> None:
    assert len(FILES) >= 60


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_reports_all_that_is_wrong_and_where(file: Path) -> None:
    expected = expectations(file)
    assert expected, "say what is expected in the first lines"
    with pytest.raises(GraphError) as caught:
        load_graph(file)
    problems = caught.value.problems
    told = [str(replace(problem, file=None, line=None)) for problem in problems]
    assert len(told) == len(expected), told
    for problem, text, (line, start) in zip(problems, told, expected, strict=True):
        assert text.startswith(start)
        assert problem.line == line
        assert problem.file == str(file)
        assert "\n" not in text
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "file",
    [file for file in FILES if re.match("memory|shape|yaml_bomb", file.stem)],
    ids=lambda file: file.stem,
)
def test_absurd_sizes_cost_neither_time_nor_memory(file: Path) -> None:
    tracemalloc.start()
    started = time.perf_counter()
    try:
        with pytest.raises(GraphError):
            load_graph(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - started < 10
    assert peak < 64 * 2**20
