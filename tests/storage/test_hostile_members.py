"""Files made by hand: which groups and arrays there are, and where."""

from __future__ import annotations

import os
import re
from pathlib import Path

import h5py
import numpy as np
import pytest
from model_files import (
    MEANS,
    Change,
    refusal,
    reseal,
    set_attribute,
    tampered,
)

from dcgraph.storage import layout
from dcgraph.storage.seal import SIGNATURE


class TestVersions:
    def test_a_newer_format_asks_for_an_update(self, path: Path) -> None:
        with tampered(path) as file:
            file.attrs["format_version"] = layout.FORMAT_VERSION + 1
            del file["nodes"]
        assert refusal(path) == ("has format version 2, this dcgraph reads up to 1: update dcgraph")

    @pytest.mark.parametrize(
        "place",
        ["nodes", "nodes/gmm1", MEANS.rpartition("/")[0], "run", "history", "history/gmm1"],
    )
    def test_a_newer_encoding_of_a_group_asks_for_an_update(self, path: Path, place: str) -> None:
        with tampered(path) as file:
            file[place].attrs["encoding-version"] = 2
        assert refusal(path) == (
            f"'/{place}' has encoding version 2, this dcgraph reads up to 1: update dcgraph"
        )

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (set_attribute("/", "format", "keras"), "'/' is of another format than"),
            (set_attribute("/", "format", 1), "'/' has the attribute 'format' = 1, expected a"),
            (set_attribute("/", "format_version", 0), "'/' has format version 0, expected 1 to 1"),
            (set_attribute("/", "format_version", 1.0), "= 1.0, expected an integer"),
            (set_attribute("/", "format_version", True), "= true, expected an integer"),
            (set_attribute("run", "encoding-version", 0), "'/run' has encoding version 0"),
            (set_attribute("run", "encoding-type", "values"), "is encoded as 'values', expected"),
            (lambda file: file["run"].attrs.__delitem__("encoding-type"), "has no attribute"),
            (lambda file: file.attrs.__delitem__("format"), "'/' has no attribute 'format'"),
        ],
    )
    def test_wrong_marks(self, path: Path, change: Change, words: str) -> None:
        with tampered(path) as file:
            change(file)
        assert words in refusal(path)


@pytest.mark.parametrize(
    "place",
    [
        "graph",
        "nodes",
        "run",
        "history",
        "metrics",
        "provenance",
        "calibration",
        "nodes/gmm1",
        "nodes/gmm1/parameters",
        "nodes/gmm1/optimizer",
        "nodes/gmm1/annealing",
        MEANS,
        "nodes/gmm1/optimizer/S1",
        "nodes/classifier/parameters/bias",
        "history/gmm1/sigma",
    ],
)
class TestMembers:
    def test_a_missing_one_is_named(self, path: Path, place: str) -> None:
        with tampered(path) as file:
            del file[place]
        assert refusal(path) == f"is damaged or no model file: '/{place}' is missing"

    @pytest.mark.parametrize(
        "link",
        [h5py.SoftLink("/elsewhere"), h5py.ExternalLink("other.h5", "/"), h5py.SoftLink("/")],
    )
    def test_a_link_is_not_followed(
        self, path: Path, place: str, link: h5py.SoftLink | h5py.ExternalLink
    ) -> None:
        with tampered(path) as file:
            del file[place]
            file[place] = link
        assert refusal(path).endswith(
            f"'/{place}' is a link to somewhere else, which is not followed"
        )

    def test_a_group_where_an_array_should_be_and_the_reverse(self, path: Path, place: str) -> None:
        with tampered(path) as file:
            group = isinstance(file[place], h5py.Group)
            del file[place]
            if group:
                file[place] = np.zeros(3)
            else:
                file.create_group(place)
        assert refusal(path).endswith(f"'/{place}' should be {'a group' if group else 'an array'}")


class TestOtherFiles:
    """No byte of another file is read, and none is opened: opening the pipe would wait for ever."""

    @pytest.fixture
    def pipe(self, tmp_path: Path) -> Path:
        pipe = tmp_path / "secret"
        if not hasattr(os, "mkfifo"):
            pytest.skip("needs named pipes")
        os.mkfifo(pipe)
        return pipe

    @pytest.mark.parametrize("place", ["graph", MEANS, "nodes", "calibration/gmm1"])
    def test_an_external_link(self, path: Path, pipe: Path, place: str) -> None:
        with tampered(path) as file:
            del file[place]
            file[place] = h5py.ExternalLink(str(pipe), "/x")
        assert "is a link to somewhere else" in refusal(path)

    @pytest.mark.parametrize("place", ["graph", MEANS, "history/gmm1/loss"])
    def test_external_storage(self, path: Path, pipe: Path, place: str) -> None:
        with tampered(path) as file:
            array = file[place]
            shape, dtype = array.shape or (1,), array.dtype  # a scalar lies nowhere else
            del file[place]
            file.create_dataset(place, shape, dtype, external=[(str(pipe), 0, h5py.h5s.UNLIMITED)])
        assert refusal(path).endswith("keeps its data in another file, which is not read")

    @pytest.mark.parametrize("place", ["graph", MEANS, "history/gmm1/loss"])
    def test_virtual_storage(self, path: Path, pipe: Path, place: str) -> None:
        with tampered(path) as file:
            array = file[place]
            shape = array.shape or (1,)
            virtual = h5py.VirtualLayout(shape, array.dtype)
            virtual[...] = h5py.VirtualSource(str(pipe), "x", shape, array.dtype)
            del file[place]
            file.create_virtual_dataset(place, virtual)
        assert refusal(path).endswith("keeps its data in another file, which is not read")

    def test_an_external_link_that_nothing_asks_for(self, path: Path, pipe: Path) -> None:
        with tampered(path) as file:
            file["nodes/gmm1/parameters/more"] = h5py.ExternalLink(str(pipe), "/")
        assert "more' has no place in this node" in refusal(path)


class TestStrangers:
    """Members that fit no node of the graph."""

    @pytest.mark.parametrize(
        ("place", "words"),
        [
            ("nodes/gmm9", "'/nodes/gmm9' belongs to no node of the graph that has parameters"),
            ("nodes/fold1", "'/nodes/fold1' belongs to no node of the graph that has parameters"),
            ("nodes/gmm1/parameters/extra", "extra' has no place in this node"),
            ("nodes/classifier/optimizer/S0", "S0' has no place in this node"),
            ("history/fold1", "'/history/fold1' belongs to no node that learns"),
            ("metrics/gmm9", "'/metrics/gmm9' belongs to no node of the graph"),
            ("calibration/classifier", "belongs to no node with a log-likelihood"),
        ],
    )
    def test_a_group_too_many(self, path: Path, place: str, words: str) -> None:
        with tampered(path) as file:
            file.create_group(place)
        assert words in refusal(path)

    def test_names_are_shown_printable(self, path: Path) -> None:
        with tampered(path) as file:
            file["nodes"].create_group("\x1b[2J\nx" + "y" * 500)
        message = refusal(path)
        assert message.isprintable()
        assert "\\x1b[2J\\nx" in message

    def test_names_that_are_no_text(self, path: Path) -> None:
        with tampered(path) as file:
            nodes = file["nodes"]
            nodes.id.links.create_soft(b"\xff\xfe", b"/run")
        assert "'/nodes/\\xff\\xfe' belongs to no node" in refusal(path)

    def test_names_of_attributes_that_are_no_text(self, path: Path) -> None:
        with tampered(path) as file:
            provenance = file["provenance"]
            h5py.h5a.create(provenance.id, b"\xff", h5py.h5t.STD_I64LE, h5py.h5s.create(0))
        assert "'/provenance' cannot be read" in refusal(path)

    @pytest.mark.parametrize("link", [None, h5py.SoftLink("/run"), h5py.ExternalLink("a", "b")])
    def test_members_of_the_root_too_many(self, path: Path, link: object) -> None:
        with tampered(path) as file:
            file["notes"] = np.zeros(3) if link is None else link
        assert refusal(path).endswith("'/notes' belongs to no model")


@pytest.mark.parametrize("content", [b"", b"name: x\n", SIGNATURE, SIGNATURE + bytes(5000)])
def test_a_sealed_file_that_is_no_hdf5(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    reseal(path)
    assert re.match("is (damaged or )?no model file: ", refusal(path))
