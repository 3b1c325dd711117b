"""Files made by hand: attributes, and the graph's text."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from model_files import (
    MEANS,
    Change,
    put,
    refusal,
    tampered,
)

from dcgraph.errors import RequestError
from dcgraph.storage import layout
from dcgraph.storage.read import read_model


def text(content: str | bytes) -> Change:
    """Return the change to another graph."""
    raw = content.encode() if isinstance(content, str) else content
    kind = h5py.string_dtype("utf-8", max(1, len(raw)))
    return put("graph", np.array(raw, kind), dtype=kind)


def edited(old: str, new: str) -> Change:
    def change(file: h5py.File) -> None:
        graph = file["graph"][()].tobytes().decode()
        assert old in graph
        text(graph.replace(old, new))(file)

    return change


class TestAttributes:
    @pytest.mark.parametrize(
        ("place", "name", "value", "words"),
        [
            ("run", "step", 21, "'step' = 21, expected at most 20"),
            ("run", "step", -1, "'step' = -1, expected at least 0"),
            ("run", "step", 12.0, "'step' = 12.0, expected an integer"),
            ("run", "step", "12", "'step' = '12', expected an integer"),
            ("run", "total_steps", 0, "'total_steps' = 0, expected at least 1"),
            ("run", "total_steps", 2**64 - 1, "expected at most 9223372036854775807"),
            ("run", "seed", -3, "'seed' = -3, expected at least 0"),
            ("run", "epoch", np.nan, "stands at epoch nan"),
            ("run", "epoch", np.inf, "stands at epoch inf"),
            ("run", "epoch", -0.5, "stands at epoch -0.5"),
            ("/", "complete", 1, "'complete' = 1, expected true or false"),
            ("nodes/gmm1", "updates", -1, "'updates' = -1, expected at least 0"),
            ("nodes/gmm1/annealing", "sigma", "wide", "'sigma' = 'wide', expected a number"),
            ("nodes/gmm1/annealing", "sigma", True, "'sigma' = true, expected a number"),
            ("nodes/gmm1/annealing", "more", 1.0, "'more', 'sigma', 'start', expected 'decay', "),
            ("metrics/gmm1", "auc", "high", "'auc' = 'high', expected a number"),
            ("run", "seed", [1, 2], "'seed' of shape (2,), expected one value"),
            ("run", "seed", np.zeros(0), "'seed' of shape (0,), expected one value"),
            ("run", "seed", h5py.Empty("i8"), "'seed' of shape None, expected one value"),
            ("run", "seed", np.longdouble(1), "'seed' of type"),
            ("run", "seed", 1 + 2j, "'seed' of type complex128"),
            ("provenance", "command", np.array((1, 2), "i4,i4"), "'command' of type"),
        ],
    )
    def test_a_wrong_value(
        self, path: Path, place: str, name: str, value: object, words: str
    ) -> None:
        with tampered(path) as file:
            file[place].attrs[name] = value
        assert words in refusal(path)

    @pytest.mark.parametrize("place", ["/", "run", "nodes/gmm1", MEANS, "history/gmm1"])
    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (np.zeros(8000), "has the attribute 'junk' of shape (8000,), expected one value"),
            (np.bytes_(b"x" * 61_000), "has the attribute 'junk' of 61,000 bytes"),
        ],
    )
    def test_a_huge_one_that_nothing_asks_for(
        self, path: Path, place: str, value: object, words: str
    ) -> None:
        with tampered(path) as file:
            file[place].attrs["junk"] = value
        assert words in refusal(path)

    def test_a_small_one_that_nothing_asks_for_is_passed_over(self, path: Path) -> None:
        with tampered(path) as file:
            file[MEANS].attrs["note"] = "looks like strokes"
        assert read_model(path).step == 12

    def test_a_reference_is_not_followed(self, path: Path) -> None:
        with tampered(path) as file:
            file["provenance"].attrs["command"] = file["run"].ref
        assert "'command' of type object" in refusal(path)

    def test_an_integer_may_stand_for_a_number(self, path: Path) -> None:
        with tampered(path) as file:
            file["run"].attrs["epoch"] = 1
        assert read_model(path).epoch == 1.0

    def test_a_text_of_fixed_length_is_read(self, path: Path) -> None:
        with tampered(path) as file:
            file.attrs["format"] = np.bytes_(layout.FORMAT)
        assert read_model(path).step == 12

    @pytest.mark.parametrize("name", ["sigma", "start", "decay"])
    def test_a_missing_part_of_the_annealing(self, path: Path, name: str) -> None:
        with tampered(path) as file:
            del file["nodes/gmm1/annealing"].attrs[name]
        assert "expected 'decay', 'sigma', 'start'" in refusal(path)


class TestGraphs:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (text(b""), "holds a graph that is not sound"),
            (text(b"\xff\xfe\x00"), "'/graph' is no text in UTF-8"),
            (text("\0\0\0"), "holds a graph that is not sound"),
            (text("nodes: [unclosed"), "holds a graph that is not sound"),
            (text("- 1\n- 2\n"), "holds a graph that is not sound"),
            (text("[" * 5000), "holds a graph that is not sound"),
            (text("!!python/object/apply:os.system [echo]"), "holds a graph that is not sound"),
            (edited("type: gmm", "type: gnn"), "'gnn'"),
            (edited("components: 4", "components: 4000000000"), "holds a graph that is not sound"),
            (edited("components: 4", "components: -4"), "holds a graph that is not sound"),
            (edited("components: 4", "components: 9"), "expected (1, 9, 4)"),
            (edited("dtype: float32", "dtype: float64"), "holds float32, expected float64"),
            (edited("dtype: float32", "dtype: int8"), "holds a graph that is not sound"),
            (edited("classifier:", "other:"), "holds a graph that is not sound"),
        ],
    )
    def test_one_that_is_not_sound(self, path: Path, change: Change, words: str) -> None:
        with tampered(path) as file:
            change(file)
        assert words in refusal(path)

    @pytest.mark.usefixtures("bounded")
    def test_a_yaml_bomb(self, path: Path) -> None:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
        with tampered(path) as file:
            text("\n".join(lines))(file)
        assert "holds a graph that is not sound" in refusal(path)

    def test_plugins_that_it_names_are_not_loaded(self, path: Path, tmp_path: Path) -> None:
        plugin = tmp_path / "evil.py"
        plugin.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
        with tampered(path) as file:
            graph = file["graph"][()].tobytes().decode()
            text(f"plugins: [{plugin}]\n{graph}")(file)
        with pytest.raises(RequestError, match=r"evil\.py") as info:
            read_model(path)
        assert info.value.problem.file == str(path)
        assert not (tmp_path / "ran").exists()
