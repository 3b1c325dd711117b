import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcgraph.graph.stack import greatest_depth


def test_the_file_is_sound_and_says_what_to_type_next(call, tmp_path):
    answer = call("new", "first.yaml")
    assert answer.code == 0, answer.stderr
    assert answer.stdout == "first.yaml: F(3,1)-G(25)-F(6,1)-G(49)\n"
    assert answer.stderr == ("go on with\n  dcgraph check first.yaml\n  dcgraph run first.yaml\n")
    checked = call("check", "first.yaml")
    assert (checked.code, checked.stderr) == (0, "")
    text = (tmp_path / "first.yaml").read_text()
    assert "#   dcgraph sample runs/first-s0.h5" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_file_trains_as_it_is(call, tmp_path):
    assert call("new", "first.yaml", "--outliers", "0").code == 0
    answer = call("run", "first.yaml", "--epochs", "0.2", "--set", "data.limit=200", "--json")
    assert answer.code == 0, answer.stderr
    assert answer.json["steps"] == 1
    assert answer.json["nodes"]["gmm2"]["auc"] is not None
    assert (tmp_path / "runs" / "first-s0.h5").is_file()


SIZES = st.tuples(st.integers(2, 64), st.integers(2, 64), st.integers(1, 4))


@given(SIZES, st.data())
def test_check_passes_for_any_size(call, shape, data):
    depth = data.draw(st.integers(1, greatest_depth(shape)))
    size = "x".join(str(length) for length in shape)
    made = call("new", "any.yaml", "--image", size, "--depth", str(depth), "--overwrite", "-q")
    assert (made.code, made.stderr) == (0, "")
    checked = call("check", "any.yaml")
    assert (checked.code, checked.stderr) == (0, "")


def test_images_of_ones_own_are_found_and_fit(call, rng):
    np.savez("scans.npz", images=rng.random((40, 9, 7, 2)).astype("f4"))
    answer = call("new", "scans.yaml", "--image", "9x7x2", "--train", "scans.npz")
    assert answer.code == 0, answer.stderr
    assert call("run", "scans.yaml", "-q").code == 0


def test_json(call):
    answer = call("new", "m.yaml", "--data", "mnist", "--depth", "3", "--json")
    found = answer.json
    assert answer.stderr == ""
    assert (found["output"], found["name"]) == ("m.yaml", "m")
    assert found["notation"] == "F(3,1)-G(25)-F(4,2)-G(25)-F(12,1)-G(49)"


def test_nothing_is_replaced_unless_asked(call, tmp_path):
    (tmp_path / "mine.yaml").write_text("precious")
    answer = call("new", "mine.yaml")
    assert answer.code == 2
    assert "mine.yaml: the output file is there already" in answer.stderr
    assert (tmp_path / "mine.yaml").read_text() == "precious"
    assert call("new", "mine.yaml", "--overwrite").code == 0
    assert (tmp_path / "mine.yaml").read_text() != "precious"


def test_without_data_that_fits_run_asks_for_some(call):
    answer = call("new", "colour.yaml", "--image", "16x16x3")
    assert "dcgraph run colour.yaml --data SOURCE" in answer.stderr
    assert call("check", "colour.yaml").code == 0
    run = call("run", "colour.yaml")
    assert run.code == 2
    assert "names no data: give --data SOURCE" in run.stderr


def test_image_files_are_read_as_the_graph_takes_them(call, tmp_path):
    assert call("new", "p.yaml", "--image", "16x12x3", "--train", "pictures").code == 0
    text = (tmp_path / "p.yaml").read_text()
    for line in ("source: folder", "train: pictures", "colour: rgb", "size: [16, 12]"):
        assert f"  {line}\n" in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["x.yaml", "--components", "26"], "use 25 or 36 components"),
        (["x.yaml", "--components", "9,16,25"], "one number of components or 2"),
        (["x.yaml", "--components", "9,-1"], "received '9,-1'"),
        (["x.yaml", "--depth", "9"], "images of 8x8 have room for at most 3 layers, received 9"),
        (["x.yaml", "--image", "28xx"], "as in 28x28x1, received '28xx'"),
        (["x.yaml", "--image", "28"], "received 28"),
        (["x.yaml", "--image", "8x8x3", "--data", "digits"], "must be 1"),
        (["x.yaml", "--image", "8x8x3", "--outliers", "0"], "give --data"),
        (["x.yaml", "--outliers", "10"], "has labels 0 to 9, received 10"),
        (["x.yaml", "--data", "npz"], "give --image"),
        (["x.yaml", "--data", "npz", "--image", "4x4"], "needs the key 'train'"),
        (["x.yaml", "--data", "mnits"], "did you mean 'mnist'?"),
        (["x.txt"], "must end in .yaml or .yml"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(call, tmp_path, arguments, told):
    answer = call("new", *arguments)
    assert answer.code == 2
    assert told in answer.stderr
    assert answer.stdout == ""
    assert list(tmp_path.iterdir()) == []
