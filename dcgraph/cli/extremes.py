"""The most and the least likely of many images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dcgraph.cli.picking import Picked
    from dcgraph.model import Model

KEPT = 16  # images at either end
MAPPED = 8  # least likely images of a picture of maps


@dataclass
class Extremes:
    """Keeps the images with the highest and the lowest scores.

    Attributes
    ----------
    most, least : list of (score, image, caption)
        The likeliest first; the least likely first.
    """

    most: list[tuple[float, NDArray[Any], str]] = field(default_factory=list)
    least: list[tuple[float, NDArray[Any], str]] = field(default_factory=list)

    def add(self, picked: Picked, scores: NDArray[Any]) -> None:
        """Take in a block of images."""
        import numpy as np

        order = np.argsort(scores, kind="stable")
        captions = picked.captions()

        def chosen(places: Sequence[int]) -> list[tuple[float, NDArray[Any], str]]:
            return [(float(scores[i]), picked.images[i], captions[i]) for i in places]

        most = self.most + chosen(order[-KEPT:].tolist())
        least = self.least + chosen(order[:KEPT].tolist())
        self.most = sorted(most, key=lambda each: -each[0])[:KEPT]
        self.least = sorted(least, key=lambda each: each[0])[:KEPT]

    def draw(self, model: Model, path: Path) -> None:
        """Write a picture: a row of the most likely images, one of the least likely."""
        import numpy as np

        from dcgraph.pictures.captions import captioned
        from dcgraph.pictures.files import save_png
        from dcgraph.pictures.grid import comfortable_scale, image_grid

        pictures = []
        for title, kept in (("most likely", self.most), ("least likely", self.least)):
            images = model.checked_images(np.stack([image for _, image, _ in kept]))
            picture = image_grid(images, len(kept), comfortable_scale(images.shape[1:]))
            captions = [caption for *_, caption in kept]
            pictures.append(captioned(picture, columns=captions, rows=[f"{title:>12}"]))
        width = max(picture.shape[1] for picture in pictures)
        aligned = [_to_the_right(picture, width) for picture in pictures]
        save_png(path, np.concatenate(aligned))

    def draw_maps(self, model: Model, path: Path, nodes: Sequence[str]) -> None:
        """Write a picture: the least likely images, and for each node how likely each pixel is.

        Nodes with a single position see the whole image: they have no row.
        """
        import numpy as np

        from dcgraph.cli.drawing import write_rows
        from dcgraph.pictures.heat import heat

        kept = self.least[:MAPPED]
        images = model.checked_images(np.stack([image for _, image, _ in kept]))
        colours = np.broadcast_to(images, (*images.shape[:3], 3))
        rows = {"image": colours}
        for node in nodes:
            h, w, _ = model.graph[node].shape
            if h * w > 1:
                rows[node] = heat(model.pixel_maps(images, node))
        write_rows(path, rows, [caption for *_, caption in kept], scale=None)


def _to_the_right(picture: NDArray[Any], width: int) -> NDArray[Any]:
    import numpy as np

    from dcgraph.pictures.grid import GAP

    space = [(0, 0), (width - picture.shape[1], 0), (0, 0)][: picture.ndim]
    return np.pad(picture, space, constant_values=round(GAP * 255))
