"""The program as a whole: what it lists, how it is spelt, what it imports, how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from dcgraph import __version__
from dcgraph.cli.main import COMMANDS, main

PROGRAM = [sys.executable, "-m", "dcgraph"]


def all_commands() -> list[tuple[str, click.Command]]:
    """Return every command with the words that call it."""
    found = []
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {inner}", each) for inner, each in command.commands.items()]
    return found


def run_program(*arguments: str, **settings) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments], text=True, capture_output=True, timeout=60, check=False, **settings
    )


def test_help_lists_every_command(call):
    answer = call("--help")
    assert answer.code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in answer.stdout


def test_without_a_command_it_shows_its_help(call):
    assert call().stdout == call("--help").stdout
    assert call().code == 0


def test_version(call):
    assert call("--version").stdout == f"dcgraph {__version__}\n"


@pytest.mark.parametrize(("words", "command"), all_commands())
def test_every_help_text_has_an_example(call, words, command):
    answer = call(*words.split(), "--help")
    assert answer.code == 0
    assert "Example" in answer.stdout
    assert f"dcgraph {words}" in answer.stdout.split("Example")[1]


@pytest.mark.parametrize(("words", "command"), all_commands())
def test_every_command_takes_the_common_options(words, command):
    if isinstance(command, click.Group):
        return
    taken = {spelling for parameter in command.params for spelling in parameter.opts}
    assert {"--json", "--quiet", "--verbose", "--debug"} <= taken
    assert all(
        parameter.help for parameter in command.params if isinstance(parameter, click.Option)
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_test(name):
    assert (Path(__file__).parent / f"test_{name}.py").is_file()


def test_a_misspelt_command_gets_a_suggestion(call):
    answer = call("smaple")
    assert answer.code == 2
    assert answer.stdout == ""
    assert "there is no command 'smaple'; did you mean 'sample'?" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run"], "Missing argument 'GRAPH'"),
        (["run", "quickstart", "--no-such"], "No such option"),
        (["run", "quickstart", "--threads", "0"], "--threads"),
        (["run", "quickstart", "--seed", "-1"], "--seed"),
        (["sample", "absent.h5"], "absent.h5"),
        (["check"], "FILE..."),
    ],
)
def test_a_wrong_call_ends_with_2_and_points_to_the_help(call, arguments, told):
    answer = call(*arguments)
    assert answer.code == 2
    assert answer.stdout == ""
    assert answer.stderr.startswith("error: ")
    assert told in answer.stderr
    assert f"dcgraph {arguments[0]} --help" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("arguments", [["run"], ["run", "quickstart", "--no-such"], ["smaple"]])
def test_a_wrong_call_is_answered_in_json_where_that_is_wanted(call, arguments):
    answer = call(*arguments, "--json")
    assert answer.code == 2
    assert answer.json["ok"] is False
    assert answer.json["error"].keys() == {"kind", "message", "file", "line", "node", "field"}
    assert answer.json["error"]["kind"] == "usage"


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from dcgraph.cli.main import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'numpy', 'pydantic', 'networkx', 'h5py', 'sklearn', 'matplotlib', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], text=True, capture_output=True, timeout=60, check=True
    )
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("arguments", [["data", "list"], ["plugins"], ["inspect", "quickstart"]])
def test_what_is_piped_holds_no_control_codes_and_is_not_wrapped(arguments, tmp_path):
    done = run_program(*arguments, cwd=tmp_path, env={"TERM": "xterm", "COLUMNS": "40"})
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert max(map(len, done.stdout.splitlines())) > 60


def test_a_character_the_output_cannot_hold_is_no_reason_to_fail(tmp_path):
    done = run_program("check", "größe.yaml", cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 2
    assert "gr\\xf6\\xdfe.yaml" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_full_disk_is_told_in_one_sentence(more):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "backends", *more],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: the disk is full")
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_goes_away_causes_no_noise():
    process = subprocess.Popen(
        [*PROGRAM, "check", "--schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 1


def test_a_run_goes_on_when_nobody_follows_its_progress(tmp_path):
    process = subprocess.Popen(
        [*PROGRAM, "run", "quickstart", "--epochs", "2", "-o", "m.h5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    process.stderr.close()
    assert b"gmm2" in process.stdout.read()
    process.stdout.close()
    assert process.wait(60) == 0


def test_interrupted_runs_are_saved_and_end_with_130(tmp_path):
    process = subprocess.Popen(
        [*PROGRAM, "run", "quickstart", "--epochs", "5000", "-o", "m.h5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert process.stderr.readline().startswith("training: ")
    assert process.stderr.readline().startswith("step ")
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout == ""
    assert stderr.splitlines()[-1].startswith("error: stopped after step ")
    assert "--resume" in stderr
    assert (tmp_path / "m.h5").is_file()
