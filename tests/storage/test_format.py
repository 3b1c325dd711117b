"""FORMAT.md against a real file."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest
from model_files import write_tiny

import dcgraph.storage
from dcgraph.storage import layout
from dcgraph.storage.read import read_model
from dcgraph.storage.seal import SEAL_BYTES

TEXT = (Path(dcgraph.storage.__file__).parent / "FORMAT.md").read_text(encoding="utf-8")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_tiny(tmp_path / "m.h5")


def listing(path: Path) -> list[list[str]]:
    """Return a line of words for each member: name, then encoding or type, and so on."""
    lines = []

    def visit(name: str, member: h5py.Group | h5py.Dataset) -> None:
        if isinstance(member, h5py.Dataset):
            size = "any" if name == layout.GRAPH else str(member.shape)
            kind = "text" if member.dtype.kind == "S" else str(member.dtype)
            lines.append([f"/{name}", kind, size])
        else:
            own = ", ".join(key for key in member.attrs if not key.startswith("encoding-"))
            kind = f"{member.attrs['encoding-type']} {member.attrs['encoding-version']}"
            lines.append([f"/{name}", kind, own])

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return lines


def documented() -> list[list[str]]:
    block = TEXT.partition("## A real listing")[2].split("```")[1]
    lines = []
    for line in block.strip().splitlines()[1:]:  # the first is the root
        name, rest = line.split(maxsplit=1)
        first, second, *more = [*rest.split(maxsplit=1 if "(" in rest else 2), ""]
        if "(" in rest:
            lines.append([name, first, "any" if name == "/graph" else second])
        else:
            lines.append([name, f"{first} {second}", more[0]])
    return lines


def test_the_listing_is_that_of_a_real_file(path: Path) -> None:
    assert documented() == listing(path)


def test_every_encoding_and_limit_is_documented() -> None:
    for kind, version in layout.ENCODING.values():
        assert f"`{kind}`" in TEXT
        assert version == 1
    assert f"{layout.MEMBERS_MAX:,} members or {layout.ATTRIBUTES_MAX} attributes" in TEXT
    assert f"at most {layout.TEXT_MAX:,} characters" in TEXT
    assert f"the integer {layout.FORMAT_VERSION};" in TEXT
    for column in layout.COLUMNS:
        assert f"`{column}`" in TEXT


def test_the_documented_checksum_is_that_of_a_real_file(path: Path) -> None:
    content = path.read_bytes()
    code = TEXT.split("```python")[1].split("```")[0]
    names = {}  # type: dict[str, bytes]
    exec(code.replace('"m.h5"', repr(str(path))), names)
    assert names["line"] == content[-SEAL_BYTES:]
    assert names["data"] == content[:-SEAL_BYTES]


def test_the_documented_way_to_edit_a_model_works(path: Path) -> None:
    code = TEXT.split("```python")[2].split("```")[0]
    exec(code.replace('"m.h5"', repr(str(path))), {})
    assert (read_model(path).states["gmm1"].parameters["weight_logits"] == 0).all()
