import pytest

from dcgraph.errors import DataError
from dcgraph.sources.mnist import Mnist


def test_list_says_what_is_there(call, tmp_path):
    answer = call("data", "list")
    assert answer.code == 0
    lines = {line.split()[0]: line for line in answer.stdout.splitlines()}
    assert " ready " in lines["digits"]
    assert "dcgraph data info mnist" in lines["mnist"]
    assert str(tmp_path / "data") in answer.stderr


def test_list_json(call, tmp_path):
    found = call("data", "list", "--json").json
    assert found["command"] == "data list"
    assert found["directory"] == str(tmp_path / "data")
    sources = {source["name"]: source for source in found["sources"]}
    assert {"digits", "mnist", "fashion_mnist", "npz"} <= sources.keys()
    assert sources["digits"]["missing"] == []
    assert len(sources["mnist"]["missing"]) == 4
    assert sources["npz"]["missing"] is None
    assert "train" in sources["npz"]["settings"]


def test_info_names_the_missing_files_and_the_way_to_get_them(call, tmp_path):
    answer = call("data", "info", "mnist", "--data-dir", tmp_path / "elsewhere")
    assert answer.code == 0
    assert answer.stdout.count(str(tmp_path / "elsewhere" / "mnist")) == 4
    assert "dcgraph data fetch mnist" in answer.stderr


def test_info_of_what_is_there(call):
    answer = call("data", "info", "digits")
    assert answer.code == 0
    assert "state      ready" in answer.stdout
    assert "missing" not in answer.stdout
    assert call("data", "info", "digits", "--json").json["shape"] == [8, 8, 1]


def test_fetch_downloads_into_the_directory(call, monkeypatch, tmp_path):
    fetched = []
    monkeypatch.setattr(Mnist, "fetch", lambda self, directory: fetched.append(directory))
    answer = call("data", "fetch", "mnist", "--json")
    assert answer.code == 0
    assert fetched == [tmp_path / "data"]
    assert answer.json["fetched"] is True


def test_fetch_leaves_what_is_there(call, monkeypatch):
    monkeypatch.setattr(Mnist, "missing", lambda self, directory: [])
    answer = call("data", "fetch", "mnist")
    assert answer.code == 0
    assert answer.stdout == "'mnist' is there already\n"


def test_a_failed_download_ends_with_2(call, monkeypatch):
    def fail(self, directory):
        message = "no network"
        raise DataError(message)

    monkeypatch.setattr(Mnist, "fetch", fail)
    answer = call("data", "fetch", "mnist")
    assert (answer.code, answer.stdout, answer.stderr) == (2, "", "error: no network\n")


def test_there_is_nothing_to_fetch_for_files_of_ones_own(call):
    answer = call("data", "fetch", "npz")
    assert answer.code == 2
    assert "nothing to download" in answer.stderr


@pytest.mark.parametrize("command", ["info", "fetch"])
def test_an_unknown_source_gets_a_suggestion(call, command):
    answer = call("data", command, "mnits")
    assert answer.code == 2
    assert "did you mean 'mnist'?" in answer.stderr


def test_without_a_command_it_shows_its_help(call):
    answer = call("data")
    assert answer.code == 0
    assert answer.stdout == call("data", "--help").stdout
