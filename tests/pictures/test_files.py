import numpy as np
import pytest
from PIL import Image

from dcgraph.pictures.files import replacing, save_png


@pytest.mark.parametrize(("shape", "mode"), [((5, 7), "L"), ((5, 7, 3), "RGB")])
def test_a_picture_is_read_back(tmp_path, shape, mode):
    picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    save_png(tmp_path / "deep" / "x.png", picture)
    with Image.open(tmp_path / "deep" / "x.png") as image:
        assert image.mode == mode
        assert image.format == "PNG"
        np.testing.assert_array_equal(np.asarray(image), picture)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["x.png"]


def test_the_ending_does_not_decide(tmp_path):
    save_png(tmp_path / "x.PNG", np.zeros((2, 2), np.uint8))
    with Image.open(tmp_path / "x.PNG") as image:
        assert image.format == "PNG"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_all_is_as_before(tmp_path, error):
    path = tmp_path / "x.npz"
    path.write_text("old")
    with pytest.raises(error), replacing(path) as beside:
        beside.write_text("half")
        assert path.read_text() == "old"
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
