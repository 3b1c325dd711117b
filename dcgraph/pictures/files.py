"""Writing a file so that a reader sees the old one or the whole new one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcgraph.pictures.grid import Picture


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it takes that name if nothing was raised.

    Folders on the way are made. After an error `path` is what it was before, and nothing is
    left beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        yield beside
        beside.replace(path)
    except OSError as error:
        if error.filename in (beside, str(beside)):
            error.filename = str(path)  # the name that was asked for
            error.filename2 = None
        raise
    finally:
        beside.unlink(missing_ok=True)


def save_png(path: Path, picture: Picture) -> None:
    """Write a picture as PNG.

    Parameters
    ----------
    picture : uint8 array of shape (H, W) or (H, W, 3)
    """
    from PIL import Image

    with replacing(path) as beside:
        Image.fromarray(picture).save(beside, format="PNG")
