"""Anchors whose samples are judged as those of models are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dcgraph.judges.pytorch import device_of
from dcgraph.judges.vae import VaeSettings, vae_samples
from dcgraph.study.anchors.base import Drawing

Images = NDArray[np.float32]


class TrainingImages(Drawing):
    """Training images: what samples of a perfect model are worth."""

    type = "training_images"

    def draw(self, train: Images, test: Images, n: int, *, seed: int) -> Images:
        return _spread(train, n)


class HeldOutImages(Drawing):
    """Test images: what the judge makes of images that it has not seen."""

    type = "test_images"

    def draw(self, train: Images, test: Images, n: int, *, seed: int) -> Images:
        return _spread(test, n)


class OneImage(Drawing):
    """The training image that is nearest to their mean, over and over.

    It shows what recognition alone is worth: a model that draws one image is recognised always.
    """

    type = "one_image"

    def draw(self, train: Images, test: Images, n: int, *, seed: int) -> Images:
        distances = np.square(train - train.mean(axis=0, dtype=np.float64)).sum(axis=(1, 2, 3))
        return np.repeat(train[distances.argmin()][None], n, axis=0)


class Vae(VaeSettings, Drawing):
    """The paper's convolutional variational autoencoder; see `dcgraph.judges.vae`."""

    type = "vae"
    random = True

    def require(self) -> None:
        device_of(self.device)

    def draw(self, train: Images, test: Images, n: int, *, seed: int) -> Images:
        return vae_samples(train, n, self, seed=seed)


def _spread(images: Images, n: int) -> Images:
    """Return n of the images, or all if there are fewer, spread evenly over their order."""
    return images[np.linspace(0, len(images) - 1, min(n, len(images)), dtype=int)]
