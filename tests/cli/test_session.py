import json
import logging
from pathlib import Path

import numpy as np
import pytest

from dcgraph.cli.console import console, table
from dcgraph.cli.session import Session, plain


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (-float("inf"), None),
        (np.float32(0.5), 0.5),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.array([1.0, np.nan]), [1.0, None]),
        ({1: (True, None, "x")}, {"1": [True, None, "x"]}),
        (Path("a/b"), "a/b"),
    ],
)
def test_anything_becomes_json(value, expected):
    found = plain(value)
    assert found == expected
    json.dumps(found, allow_nan=False)


def test_a_result_is_one_line_of_json(capsys):
    session = Session(["score", "--json"], command="score")
    session.reply({"n": 3}, lambda console: pytest.fail("it shows text"))
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line).keys() == {"command", "version", "ok", "seconds", "n"}


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [(["score", "--json"], True), (["score"], False), (["check", "--", "--json"], False)],
)
def test_json_is_read_from_what_was_typed(arguments, wanted):
    assert Session(arguments).json is wanted


@pytest.mark.parametrize(
    ("settings", "heard"),
    [
        ({}, ["warning"]),
        ({"verbosity": 1}, ["info", "warning"]),
        ({"verbosity": 3}, ["debug", "info", "warning"]),
        ({"quiet": True, "verbosity": 2}, []),
    ],
)
def test_log_records_go_to_stderr_as_loudly_as_wanted(capsys, settings, heard):
    logger = logging.getLogger("dcgraph.somewhere")
    stop = Session(**settings).start_logging()
    for level in (logging.DEBUG, logging.INFO, logging.WARNING):
        logger.log(level, "%s of %d", "record", 3)
    stop()
    logger.error("not heard here any more")
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = [line for line in captured.err.splitlines() if "record" in line]
    assert lines == [f"{level}: record of 3" for level in heard]


def test_a_table_leaves_out_what_no_row_fills(capsys):
    import sys

    columns = {"node": None, "AUC": ".2f", "empty": ".3f"}
    console(sys.stdout).print(table(columns, [("gmm[1]", 0.5, None), ("b", None, None)]))
    header, _, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == ["node", "AUC"]
    assert first.split() == ["gmm[1]", "0.50"]
    assert second.split() == ["b", "-"]
