"""Images the model draws: as its settings say, cleaner, and by class."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from dcgraph.errors import RequestError
from dcgraph.inference.density import classifiers
from dcgraph.pictures.captions import captioned
from dcgraph.pictures.grid import comfortable_scale, image_grid
from dcgraph.report.inline import embedded
from dcgraph.report.subject import Subject

TITLE = "Samples"
CLEAN: dict[str, Any] = {
    "top": 1,
    "divisor": 5,
}  # the likeliest component of each position, a fifth of its noise
OF_A_CLASS = 6
MOST_CLASSES = 20


def content(subject: Subject) -> dict[str, Any]:
    """Return the pictures of samples.

    Raises
    ------
    RequestError
        The graph cannot be sampled from.
    """
    number, seed = subject.wanted.samples, subject.wanted.seed
    node = subject.record.graph.topmost()
    grids = [
        _grid(subject, subject.model.sample(number, seed=seed), "As the graph's settings say"),
        _grid(
            subject,
            subject.model.sample(number, seed=seed, **CLEAN),
            f"With top {CLEAN['top']} and divisor {CLEAN['divisor']} at every gmm node: each "
            "position takes its most wanted component, with a fifth of its noise",
        ),
    ]
    grids += _by_class(subject, seed)
    return {"node": node, "number": number, "seed": seed, "grids": grids}


def _by_class(subject: Subject, seed: int) -> list[dict[str, Any]]:
    """Return a picture with a column for each class, where a classifier can be asked for one."""
    found = classifiers(subject.record.graph)
    if len(found) != 1:
        return []
    h, w, c = subject.record.graph[found[0]].shape
    classes = min(h * w * c, MOST_CLASSES)
    labels = [i % classes for i in range(OF_A_CLASS * classes)]
    try:
        # with top 1, all of a class would be the same
        images = subject.model.sample(
            len(labels), label=labels, seed=seed, divisor=CLEAN["divisor"]
        )
    except RequestError:  # a classifier that cannot be asked
        return []
    words = f"By class, asked of {found[0]}, with divisor {CLEAN['divisor']}"
    return [_grid(subject, images, words, classes)]


def _grid(
    subject: Subject, images: NDArray[Any], words: str, classes: int | None = None
) -> dict[str, Any]:
    pixels = subject.pixels(images)
    picture = image_grid(pixels, classes, comfortable_scale(pixels.shape[1:]))
    if classes is not None:
        picture = captioned(picture, columns=[str(label) for label in range(classes)])
    return {
        "picture": embedded(picture),
        "words": words,
        "number": len(images),
    }
