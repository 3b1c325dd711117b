"""How tables look where there is room for them, and where there is not."""

import io
import re

import pytest

from dcgraph.cli.console import console, table

COLUMNS = {"node": None, "log-likelihood": ".2f", "state": None, "empty": None}
ROWS = [("gmm1", -1.41, "converged", None), ("gmm2", 428.68, None, None)]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    console(stream).print(table(COLUMNS, ROWS))
    return re.sub(r"\x1b\[\d*m", "", stream.getvalue())


def test_a_table_has_a_row_on_a_line(monkeypatch):
    head, _, *rows = shown(80, monkeypatch).splitlines()
    assert head.split() == ["node", "log-likelihood", "state"]
    assert [row.split() for row in rows] == [
        ["gmm1", "-1.41", "converged"],
        ["gmm2", "428.68", "-"],
    ]


def test_where_words_would_be_broken_it_is_a_list(monkeypatch):
    assert shown(30, monkeypatch).splitlines() == [
        *("node: gmm1", "log-likelihood: -1.41", "state: converged"),
        "",
        *("node: gmm2", "log-likelihood: 428.68", "state: -"),
    ]


@pytest.mark.parametrize("width", [16, 20, 30, 40, 60])
def test_on_no_terminal_a_word_is_broken(width, monkeypatch):
    words = shown(width, monkeypatch).replace(":", " ").split()
    assert {"log-likelihood", "converged", "gmm1", "-1.41", "428.68"} <= set(words)
