"""Writes IDX files, as MNIST comes in."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NAMES = {
    ("train", "images"): "train-images-idx3-ubyte.gz",
    ("train", "labels"): "train-labels-idx1-ubyte.gz",
    ("test", "images"): "t10k-images-idx3-ubyte.gz",
    ("test", "labels"): "t10k-labels-idx1-ubyte.gz",
}


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    """Return an array of unsigned bytes in the IDX format."""
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return head + array.astype(np.uint8).tobytes()


def write_idx(path: Path, array: NDArray[np.uint8]) -> Path:
    """Write an IDX file, gzipped if its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
    return path


def random_images(n: int, *, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return n noise images of 28x28 and labels that run through 0 to 9."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
    return images, (np.arange(n) % 10).astype(np.uint8)


def write_idx_set(folder: Path, *, train: int = 30, test: int = 20) -> dict[str, NDArray[np.uint8]]:
    """Write the four files of a data set of noise; return the arrays by file name."""
    arrays = {}
    for seed, (split, n) in enumerate((("train", train), ("test", test))):
        images, labels = random_images(n, seed=seed)
        arrays[NAMES[split, "images"]] = images
        arrays[NAMES[split, "labels"]] = labels
    for name, array in arrays.items():
        write_idx(folder / name, array)
    return arrays
