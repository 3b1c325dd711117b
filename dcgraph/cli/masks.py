"""From what was typed as --mask and --fill to masks and numbers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcgraph.errors import DataError, RequestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = "left, right, top, bottom, box:y,x,h,w, random:SHARE, a .png file, or an .npy file"
BLACK = 128  # grey levels below are black


def parse_fill(text: str) -> float | None:
    """Return the number unknown pixels go up as; None where they are integrated out.

    Raises
    ------
    RequestError
    """
    if text == "integrate":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        message = f"expected a number or 'integrate', received {text!r}"
        raise RequestError(message, field="--fill")
    return value


def parse_mask(text: str, shape: tuple[int, ...], *, seed: int) -> NDArray[Any]:
    """Return which pixels are known: a boolean array (h, w) or one for each image.

    Parameters
    ----------
    shape : (n, h, w, c)
        Of the images.
    seed : int
        Keys random masks.

    Raises
    ------
    RequestError, DataError
        The text names no mask; the file holds none that fits.
    """
    from dcgraph.inference import masks

    h, w = shape[1:3]
    image = (h, w, shape[3])
    kind, _, rest = text.partition(":")
    if text in masks.SIDES:
        return masks.half_mask(image, text)
    if kind == "box":
        numbers = rest.split(",")
        if len(numbers) != 4 or not all(part.strip().isdecimal() for part in numbers):
            message = f"expected box:y,x,h,w with four whole numbers, received {text!r}"
            raise RequestError(message, field="--mask")
        return masks.box_mask(image, *(int(part) for part in numbers))
    if kind == "random":
        try:
            share = float(rest)
        except ValueError:
            message = f"expected random:SHARE with a number such as 0.5, received {text!r}"
            raise RequestError(message, field="--mask") from None
        return masks.random_mask(image, shape[0], share, seed=seed)
    return _from_file(Path(text), (h, w))


def _from_file(path: Path, size: tuple[int, int]) -> NDArray[Any]:
    import numpy as np

    from dcgraph.cli.picking import read_array

    if path.suffix.lower() not in (".png", ".npy"):
        message = f"there is no mask '{path}': give {KINDS}"
        raise RequestError(message, field="--mask")
    if not path.is_file():
        message = "there is no such mask file"
        raise RequestError(message, file=path)
    if path.suffix.lower() == ".npy":
        mask = read_array(path)
        if mask.dtype != np.bool_:
            message = f"a mask is boolean, true where a pixel is known; this is {mask.dtype}"
            raise DataError(message, file=path)
        return mask
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            grey = np.asarray(picture.convert("L"))
    except (UnidentifiedImageError, SyntaxError, ValueError, OSError) as error:
        message = f"cannot be read as a picture: {error}"
        raise DataError(message, file=path) from error
    if grey.shape != size:
        message = (
            f"the mask is {grey.shape[0]}x{grey.shape[1]} pixels, but the images are "
            f"{size[0]}x{size[1]}: make it as large"
        )
        raise DataError(message, file=path)
    known: NDArray[Any] = grey >= BLACK
    return known
