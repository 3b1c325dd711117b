"""How well images are completed: with zeros for unknown pixels, or with these integrated out.

    python benchmarks/inpainting.py runs/dcgmm-e-s0.h5 --limit 1000

For each mask and both ways, PSNR (dB) and SSIM of completed test images beside the true ones, means
over the images: of one completion, and of the mean of several. Needs scikit-image
(pip install dcgraph[bench]).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

import dcgraph
from dcgraph.data.dataset import open_dataset
from dcgraph.data.directory import data_directory
from dcgraph.inference.masks import box_mask, half_mask, random_mask

FILLS = {"0": 0.0, "integrate": None}


def masks_for(shape: tuple[int, int, int], n: int) -> dict[str, NDArray[np.bool_]]:
    h, w, _ = shape
    return {
        "bottom": half_mask(shape, "bottom"),
        "left": half_mask(shape, "left"),
        f"box {h // 2}x{w // 2}": box_mask(shape, h // 4, w // 4, h // 2, w // 2),
        "random 50 %": random_mask(shape, n, 0.5, seed=0),
        "random 80 %": random_mask(shape, n, 0.8, seed=0),
    }


def quality(found: NDArray[np.float32], images: NDArray[np.float32]) -> tuple[float, float]:
    """Return PSNR and SSIM, each the mean over the images."""
    found = found.clip(0, 1)
    pairs = list(zip(images, found, strict=True))
    psnr = [peak_signal_noise_ratio(a, b, data_range=1) for a, b in pairs]
    ssim = [structural_similarity(a, b, data_range=1, channel_axis=-1) for a, b in pairs]
    return float(np.mean(psnr)), float(np.mean(ssim))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--limit", type=int, default=500, help="test images")
    parser.add_argument("-n", type=int, default=8, help="completions whose mean is taken")
    parser.add_argument("--node")
    parser.add_argument("--divisor", type=float, default=5.0)
    parser.add_argument("--top", type=int, default=1)
    parser.add_argument("--data-dir", type=Path)
    chosen = parser.parse_args()
    model = dcgraph.load(chosen.model)
    (entry,) = model.graph.inputs
    shape = model.graph[entry].shape
    test = open_dataset(model.graph.data, shape, data_directory(chosen.data_dir)).test
    images = test.read(np.arange(min(chosen.limit, len(test))))
    several = f"mean of {chosen.n}"
    print(f"| mask | fill | PSNR | SSIM | PSNR, {several} | SSIM, {several} |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for name, known in masks_for(shape, len(images)).items():
        for title, fill in FILLS.items():
            found = model.inpaint(
                images,
                known,
                node=chosen.node,
                n=chosen.n,
                fill=fill,
                top=chosen.top,
                divisor=chosen.divisor,
            )
            one, mean = quality(found[0], images), quality(found.mean(axis=0), images)
            numbers = " | ".join(f"{psnr:.2f} | {ssim:.3f}" for psnr, ssim in (one, mean))
            print(f"| {name} | {title} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
