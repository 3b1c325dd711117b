"""Words beside a picture: over its columns and to the left of its rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dcgraph.errors import InputError
from dcgraph.pictures.grid import GAP, Picture

SIZE = 12  # of the letters, pixels
MARGIN = 4
LIGHT = 230


def captioned(
    picture: Picture, *, columns: Sequence[str] = (), rows: Sequence[str] = (), padding: int = 1
) -> Picture:
    """Return a grid of images with words over its columns and left of its rows.

    Parameters
    ----------
    picture : uint8 array of shape (H, W) or (H, W, 3)
        As `image_grid` returns it, with this `padding`.
    columns, rows : sequences of str
        One for each column and row of the grid; none: no words there. A word that is wider than
        its column is cut.

    Returns
    -------
    uint8 array of the same kind, wider and taller

    Raises
    ------
    InputError
        The grid cannot be divided into so many columns or rows.
    """
    from PIL import Image, ImageDraw, ImageFont

    for count, length, what in (
        (len(columns), picture.shape[1], "columns"),
        (len(rows), picture.shape[0], "rows"),
    ):
        if count and (length - padding) % count:
            message = f"a picture of {length} pixels has no {count} {what} of equal size"
            raise InputError(message)
    font = ImageFont.load_default(SIZE)
    top = SIZE + 2 * MARGIN if columns else 0
    widths = [font.getlength(text) for text in rows]
    left = int(max(widths)) + 2 * MARGIN + 1 if rows else 0
    frame = [(top, 0), (left, 0)] + [(0, 0)] * (picture.ndim - 2)
    canvas = Image.fromarray(np.pad(picture, frame, constant_values=round(GAP * 255)))
    draw = ImageDraw.Draw(canvas)
    light = LIGHT if picture.ndim == 2 else (LIGHT,) * 3
    for i, text in enumerate(columns):
        width = (picture.shape[1] - padding) // len(columns)
        while text and font.getlength(text) > width - padding:
            text = text[:-1]
        middle = left + padding + i * width + (width - padding) / 2
        draw.text((middle, top / 2), text, fill=light, font=font, anchor="mm")
    for i, text in enumerate(rows):
        height = (picture.shape[0] - padding) // len(rows)
        middle = top + padding + i * height + (height - padding) / 2
        draw.text((left - MARGIN, middle), text, fill=light, font=font, anchor="rm")
    made: Picture = np.asarray(canvas)
    return made
