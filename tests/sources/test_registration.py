from __future__ import annotations

from pathlib import Path

import pytest

from dcgraph.errors import DataMissingError
from dcgraph.plugin.manager import built_in_plugins


def test_the_built_in_sources_are_registered() -> None:
    assert list(built_in_plugins().sources) == [
        "digits",
        "fashion_mnist",
        "folder",
        "hdf5",
        "mnist",
        "npz",
        "svhn",
    ]


@pytest.mark.parametrize("name", ["digits", "fashion_mnist", "mnist", "svhn"])
def test_what_is_said_of_a_source_is_true_of_its_settings(name: str) -> None:
    kind = built_in_plugins().sources[name]
    assert kind.info.classes == 10
    assert kind.info.licence
    assert kind().type == name


@pytest.mark.parametrize("name", ["fashion_mnist", "mnist", "svhn"])
def test_an_empty_directory_is_missing_and_not_broken(name: str, tmp_path: Path) -> None:
    source = built_in_plugins().sources[name]()
    assert source.missing(tmp_path)
    with pytest.raises(DataMissingError):
        source.load("train", tmp_path)
