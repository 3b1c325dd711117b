import io

import numpy as np
import pytest

from dcgraph.errors import InputError
from dcgraph.pictures.confusion import confusion_figure


def test_every_count_stands_in_its_cell():
    counts = np.array([[5, 0, 1], [0, 7, 0], [2, 0, 0], [0, 0, 0]])  # the last label: no image
    figure = confusion_figure(counts)
    (axes,) = figure.axes
    found = np.zeros_like(counts)
    for text in axes.texts:
        taken, label = text.get_position()
        found[label, taken] = int(text.get_text())
    np.testing.assert_array_equal(found, counts)
    (image,) = axes.images
    np.testing.assert_allclose(image.get_array().sum(axis=1), [1, 1, 1, 0])
    figure.savefig(io.BytesIO(), format="png")


@pytest.mark.parametrize("counts", [np.zeros((3, 3), int), np.ones(4, int)])
def test_counts_that_are_none(counts):
    with pytest.raises(InputError, match="at least one image"):
        confusion_figure(counts)
