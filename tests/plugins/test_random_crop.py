import numpy as np
import pytest
from plugin_files import loaded, train_on_digits

from dcgraph.contracts.events import BatchEnded, Observer
from dcgraph.data.dataset import open_dataset
from dcgraph.errors import GraphError, InterruptedRunError
from dcgraph.graph.load import load_graph
from dcgraph.signal import Signal
from dcgraph.storage.read import read_model
from dcgraph.testing import LayerConformance
from dcgraph.training.run import run

PLUGINS = loaded("random_crop")
RandomCrop = PLUGINS.layers["random_crop"]


class TestCrop(LayerConformance):
    layer = RandomCrop(size=(3, 2))
    shapes = ((5, 4, 2),)
    undoes = "forward"


class TestShift(LayerConformance):
    layer = RandomCrop(padding=2, mirror=True)
    undoes = "control"


class TestCropOfPadded(LayerConformance):
    layer = RandomCrop(size=(7, 3), padding=2)


def images(n=200, h=5, w=6):
    """Return images whose pixels tell where they stand."""
    x = np.arange(1, 1 + h * w, dtype=np.float32).reshape(1, h, w, 1)
    return np.repeat(x, n, axis=0)


def seen(ops, layer, x, *, step=0):
    return layer.forward_training(
        ops, {}, [Signal(x)], ops.draws(0, "crop", "training", step * len(x), len(x))
    ).values


def test_pieces_come_from_everywhere_and_are_whole(ops):
    x = images()
    pieces = seen(ops, RandomCrop(size=(3, 4)), x)
    corners = pieces[:, 0, 0, 0]
    assert sorted(set(corners)) == [1, 2, 3, 7, 8, 9, 13, 14, 15]  # each place, evenly about
    assert np.unique(corners, return_counts=True)[1].min() > 200 / 9 / 2
    for piece in pieces:
        row, column = divmod(int(piece[0, 0, 0]) - 1, 6)
        np.testing.assert_array_equal(piece, x[0, row : row + 3, column : column + 4])


def test_shifts_fill_with_zeros(ops):
    x = images()
    pieces = seen(ops, RandomCrop(padding=1), x)
    assert pieces.shape == x.shape
    moved_down = pieces[(pieces[:, 0] == 0).all(axis=(1, 2)) & (pieces[:, 1, 0, 0] == 1)]
    assert len(moved_down) > 5
    np.testing.assert_array_equal(moved_down[0][1:], x[0, :-1])


def test_half_of_the_pieces_are_mirrored(ops):
    x = images()
    pieces = seen(ops, RandomCrop(mirror=True), x)
    mirrored = (pieces == x[:, :, ::-1]).all(axis=(1, 2, 3))
    assert ((pieces == x).all(axis=(1, 2, 3)) ^ mirrored).all()
    assert 70 < mirrored.sum() < 130


def test_images_that_are_scored_are_cropped_in_the_middle(ops):
    x = images(1)
    up = RandomCrop(size=(3, 4), mirror=True).forward(ops, {}, [Signal(x)]).values
    np.testing.assert_array_equal(up, x[:, 1:4, 1:5])
    assert (RandomCrop(padding=3).forward(ops, {}, [Signal(x)]).values == x).all()


def test_a_piece_comes_down_in_the_middle_and_nothing_around_it(ops, rng):
    piece = rng.random((2, 3, 4, 1))
    draws = ops.draws(0, "n", "sample", 0, 2)
    (down,) = RandomCrop(size=(3, 4)).control(ops, {}, Signal(piece), [(5, 6, 1)], draws)
    np.testing.assert_array_equal(down.values[:, 1:4, 1:5], piece)
    assert down.known.sum() == piece.size
    assert down.known[:, 1:4, 1:5].all()


def test_every_step_crops_anew(ops):
    layer, x = RandomCrop(size=3), images()
    assert (seen(ops, layer, x) == seen(ops, layer, x)).all()
    assert (seen(ops, layer, x) != seen(ops, layer, x, step=1)).any()


def test_a_resumed_run_sees_the_same_crops(tmp_path):
    document = {
        "data": {"source": "digits", "limit": 100},
        "nodes": {
            "image": {"type": "input", "shape": [8, 8, 1]},
            "crop": {"type": "random_crop", "size": 6},
            "fold": {"type": "folding", "kernel": 6},
            "top": {"type": "gmm", "components": 9},
        },
        "forward": ["image -> crop -> fold -> top"],
        "train": {"epochs": 3, "batch_size": 20},
    }
    graph = load_graph(document, plugins=PLUGINS)
    dataset = open_dataset(graph.data, (8, 8, 1), None)

    class StopAt(Observer):
        def notify(self, event):
            if isinstance(event, BatchEnded) and event.step == 7:
                raise KeyboardInterrupt

    whole = run(graph, dataset, output=tmp_path / "whole.h5", plugins=PLUGINS)
    with pytest.raises(InterruptedRunError, match="stopped after step 7"):
        run(graph, dataset, output=tmp_path / "m.h5", plugins=PLUGINS, observers=[StopAt()])
    assert read_model(tmp_path / "m.h5", plugins=PLUGINS).step == 7
    resumed = run(graph, dataset, output=tmp_path / "m.h5", resume=True, plugins=PLUGINS)
    for name, array in whole.states["top"].parameters.items():
        np.testing.assert_array_equal(resumed.states["top"].parameters[name], array)


def test_it_trains_and_draws_in_a_graph():
    model = train_on_digits(PLUGINS, {"shift": {"type": "random_crop", "padding": 1}})
    assert model.sample(2).shape == (2, 8, 8, 1)


def test_a_piece_larger_than_the_image_is_refused():
    nodes = {"crop": {"type": "random_crop", "size": 9, "padding": 1}}
    with pytest.raises(GraphError, match="a piece of 9x9 does not fit images of 6x6 with 1 around"):
        train_on_digits(PLUGINS, nodes)


def test_one_that_changes_nothing_gets_a_warning():
    assert RandomCrop().warnings([(5, 5, 1)])
    assert not RandomCrop(padding=1).warnings([(5, 5, 1)])
