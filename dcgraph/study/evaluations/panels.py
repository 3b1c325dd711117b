"""Grids of images side by side, each under its name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.pictures.captions import captioned
from dcgraph.pictures.grid import Picture, image_grid

GAP = 6  # pixels between panels
SIZE = 28  # pixels that an image has at least


def as_bytes(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Return images on [0, 1] as bytes: a picture is all that becomes of them."""
    values = np.nan_to_num(np.asarray(images, np.float32), nan=0.5)
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def grid_of(images: NDArray[np.uint8], columns: int | None = None) -> Picture:
    """Return a grid of images that were kept as bytes."""
    scale = math.ceil(SIZE / max(images.shape[1:3]))
    return image_grid(images / np.float32(255), columns, scale)


def panels(pictures: Mapping[str, Picture]) -> Picture:
    """Return pictures side by side, each under its name; smaller ones are filled up."""
    height = max(picture.shape[0] for picture in pictures.values())
    width = max(picture.shape[1] for picture in pictures.values()) + GAP
    colour = any(picture.ndim == 3 for picture in pictures.values())
    parts = []
    for picture in pictures.values():
        if colour and picture.ndim == 2:
            picture = np.repeat(picture[..., None], 3, axis=2)
        frame = [(0, height - picture.shape[0]), (0, width - picture.shape[1])]
        parts.append(np.pad(picture, frame + [(0, 0)] * (picture.ndim - 2)))
    return captioned(np.concatenate(parts, axis=1), columns=list(pictures), padding=0)
