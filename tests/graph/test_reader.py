from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dcgraph.errors import GraphError, RequestError
from dcgraph.graph.load import load_graph
from dcgraph.graph.reader import MAX_BYTES, parse_document, parse_value, read_document

SOUND = """\
name: small
nodes:
  image: {type: input, shape: [8, 8, 1]}
  fold1: {type: folding, kernel: 3}
  gmm1:
    type: gmm
    components: 25
forward:
  - image -> fold1
  - fold1 -> gmm1
"""


def test_knows_the_line_of_every_key_and_list_item() -> None:
    document = parse_document(SOUND)
    assert document.line(("nodes", "gmm1", "components")) == 7
    assert document.line(("nodes", "image", "shape", 2)) == 3
    assert document.line(("forward", 1)) == 10
    assert document.line(("nodes", "gmm1", "absent")) == 5
    assert document.line(("absent",)) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"),
        ("yes", "yes"),
        ("true", True),
        ("null", None),
        ("", None),
        ("~", None),
        ("0o17", 15),
        ("0x1f", 31),
        ("010", 10),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", -float("inf")),
        ("1:30", "1:30"),
        ("2020-01-01", "2020-01-01"),
        ("0x_", "0x_"),
        ("'3'", "3"),
        ("<<", "<<"),
        ("[1, {a: b}]", [1, {"a": "b"}]),
        ("9" * 200, "9" * 200),
        ("1" * 60, int("1" * 60)),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    read = parse_value(text)
    assert read == value
    assert type(read) is type(value)


def test_an_alias_stands_for_its_value() -> None:
    document = parse_document("a: &x {b: 1}\nc: *x\nd: [*x, *x]\n")
    assert document.data == {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}, {"b": 1}]}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_newlines_marks_and_paths_do_not_matter(tmp_path: Path, newline: str, mark: str) -> None:
    file = tmp_path / "größe 图 é.yaml"
    file.write_bytes((mark + SOUND.replace("\n", newline)).encode())
    assert load_graph(file).name == "small"
    file.write_bytes((mark + SOUND.replace("25", "24").replace("\n", newline)).encode())
    with pytest.raises(GraphError, match="square") as caught:
        load_graph(str(file))
    assert (caught.value.problem.file, caught.value.problem.line) == (str(file), 5)


@pytest.mark.parametrize(
    ("content", "message", "line"),
    [
        (b"", "empty", None),
        (b"   \n\n", "empty", None),
        (b"---\n", "empty", None),
        (b"null\n", "empty", None),
        (b"name: x\nnodes: \xff\xfe\n", "UTF-8", 2),
        (SOUND.encode("utf-16"), "UTF-8", 1),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5", None),
        (b"PK\x03\x04" + bytes(100), "control character", 1),
        (b"name: x\nnodes: \x00\n", "control character", 2),
        (b"name: " + b"x" * MAX_BYTES, "larger than", None),
    ],
)
def test_what_is_no_graph_file_gets_one_clear_error(
    tmp_path: Path, content: bytes, message: str, line: int | None
) -> None:
    file = tmp_path / "graph.yaml"
    file.write_bytes(content)
    with pytest.raises(GraphError, match=message) as caught:
        load_graph(file)
    assert len(caught.value.problems) == 1
    assert caught.value.problem.file == str(file)
    assert caught.value.problem.line == line


def test_a_folder_or_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is a directory"):
        load_graph(tmp_path)
    with pytest.raises(RequestError, match="does not exist"):
        load_graph(tmp_path / "absent.yaml")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RequestError, match="not a regular file"):
        read_document(tmp_path / "pipe")


def aliases(count: int, times: int) -> str:
    """Return a text in which every line stands for `times` the line before."""
    lines = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * times)}]" for i in range(1, count)]
    return "\n".join(["a0: &a0 [x]", *lines])


BOMBS = {
    "aliases": aliases(99, times=9),
    "chained aliases": aliases(9999, times=1),
    "brackets": "[" * (MAX_BYTES - 1),
    "braces": "{" * (MAX_BYTES - 1),
    "dashes": "- " * (MAX_BYTES // 2 - 1),
    "question marks": "? " * (MAX_BYTES // 2 - 1),
    "indents": "".join(" " * i + "a:\n" for i in range(1000)),
    "long list": "a: [" + "1," * (MAX_BYTES // 2 - 10) + "]",
    "many keys": "".join(f"k{i}: 1\n" for i in range(40_000)),
    "many nodes": "nodes:\n" + "".join(f"  n{i}: {{}}\n" for i in range(20_000)) + "forward: []\n",
    "long tag": "a: !" + "x" * (MAX_BYTES - 10),
    "long number": "name: " + "9" * (MAX_BYTES - 10),
    "long hexadecimal": "name: 0x" + "f" * (MAX_BYTES - 10),
    "long chain": SOUND + "control: [" + " -> ".join(["gmm1"] * 30_000) + "]\n",
    "long unknown chain": SOUND + f"control: [{' -> '.join(f'g{i}' for i in range(30_000))}]\n",
    "long name in a chain": SOUND + "control: [a -> " + "g" * (MAX_BYTES - 1000) + "]\n",
    "documents": "---\n" * (MAX_BYTES // 4),
    "directives": "%FOO a\n" * (MAX_BYTES // 8),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_neither_hang_nor_grow(tmp_path: Path, name: str) -> None:
    file = tmp_path / "bomb.yaml"
    file.write_text(BOMBS[name])
    started = time.perf_counter()
    with pytest.raises(GraphError) as caught:
        load_graph(file)
    assert time.perf_counter() - started < 30
    assert len(str(caught.value)) < 20_000


def test_nothing_a_file_says_reaches_the_terminal_raw() -> None:
    with pytest.raises(GraphError) as caught:
        load_graph({"name": "\x1b[31m", "nodes": {}, "forward": []})
    assert "\x1b" not in str(caught.value)
