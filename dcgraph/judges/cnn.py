"""The CNN that judges samples (Appendix B, Table VII), for images of any size and classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dcgraph.errors import RequestError
from dcgraph.judges.pytorch import (
    Device,
    begun,
    bfloat16_products,
    channels_first,
    device_of,
    placed,
    pytorch,
    seeded,
)
from dcgraph.signal import Shape
from dcgraph.spec import Positive, Spec

CHANNELS, HIDDEN, DROPOUT = 64, 350, 0.1  # Table VII
BLOCK = 1000  # images that are judged together


class CnnSettings(Spec):
    """How a judge is trained.

    The paper trains for 15 epochs with Adam at 0.01. At that rate the network often ends up taking
    all images for the same class, five seeds of six on scikit-learn's digits. Here the rate begins
    at a tenth of that, and falls to 0 along a cosine.

    Attributes
    ----------
    epochs, batch_size : int
    rate : float
        Of Adam, at the beginning.
    limit : int or None
        At most so many training images, drawn by the seed; None: all.
    seed : int
    device : {"auto", "cpu", "cuda"}
        What it is trained and asked on; "auto": a GPU where there is one.
    """

    epochs: Positive = 15
    batch_size: Positive = 100
    rate: Annotated[float, Field(gt=0)] = 0.001
    limit: Positive | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    device: Device = "auto"


@dataclass(frozen=True)
class Cnn:
    """A trained judge.

    Attributes
    ----------
    network : torch.nn.Sequential
    device : torch.device
    labels : integer array of shape (k,)
        What its outputs stand for.
    accuracy : float
        On held-out images.
    """

    network: Any
    device: Any
    labels: NDArray[np.int64]
    accuracy: float

    def predict(self, images: NDArray[Any]) -> NDArray[np.int64]:
        """Return a label for each image, (n,); images (n, h, w, c) are clipped to [0, 1]."""
        outputs = np.concatenate(list(self._blocks(self.network, images)))
        found: NDArray[np.int64] = self.labels[outputs.argmax(axis=1)]
        return found

    def features(self, images: NDArray[Any]) -> NDArray[np.float64]:
        """Return the activities of the last hidden layer, (n, 350)."""
        hidden = self.network[:-1]
        return np.concatenate(list(self._blocks(hidden, images))).astype(np.float64)

    def _blocks(self, network: Any, images: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
        torch = pytorch()
        network.eval()
        with torch.inference_mode(), seeded(0, self.device):
            for first in range(0, len(images), BLOCK):
                planes = channels_first(images[first : first + BLOCK], self.device)
                yield network(planes).cpu().numpy()


def cnn_network(shape: Shape, classes: int) -> Any:
    """Return an untrained network: images (n, c, h, w) to `classes` outputs, without softmax.

    Convolutions keep the size of the image, pooling halves it, the last row or column of an odd
    size by itself: the table does not say, and this fits images of any size.
    """
    nn = pytorch().nn
    h, w, channels = shape
    for _ in range(3):
        h, w = -(-h // 2), -(-w // 2)

    def convolution(inputs: int) -> tuple[Any, Any]:
        return nn.Conv2d(inputs, CHANNELS, 3, padding=1), nn.ReLU()

    def pooling() -> Any:
        return nn.MaxPool2d(2, ceil_mode=True)

    network = nn.Sequential(
        nn.Dropout(DROPOUT),
        *convolution(channels),
        *convolution(CHANNELS),
        pooling(),
        *convolution(CHANNELS),
        pooling(),
        *convolution(CHANNELS),
        pooling(),
        nn.Flatten(),
        nn.Linear(h * w * CHANNELS, HIDDEN),
        nn.ReLU(),
        nn.Dropout(DROPOUT),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, classes),
    )
    return begun(network)


def train_cnn(
    images: NDArray[Any],
    labels: NDArray[np.integer] | None,
    held_out: tuple[NDArray[Any], NDArray[np.integer]],
    settings: CnnSettings,
) -> Cnn:
    """Train a judge, with products in bfloat16 where there are instructions for them.

    Parameters
    ----------
    images : array of shape (n, h, w, c)
        On [0, 1].
    labels : integer array of shape (n,)
    held_out : (images, labels)
        What its accuracy is measured on.

    Raises
    ------
    RequestError
        PyTorch or its device is missing, or the images have no labels.
    """
    torch, device = pytorch(), device_of(settings.device)
    if labels is None:
        message = "a judge of samples learns classes: the training images have no labels"
        raise RequestError(message)
    known, targets = np.unique(labels, return_inverse=True)
    with seeded(settings.seed, device):
        planes, classes = channels_first(images, device), torch.from_numpy(targets).to(device)
        h, w, c = images.shape[1:]
        network = placed(cnn_network((h, w, c), len(known)), device).train()
        steps = settings.epochs * -(-len(planes) // settings.batch_size)
        adam = torch.optim.Adam(network.parameters(), lr=settings.rate)
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
        for _ in range(settings.epochs):
            for chosen in torch.randperm(len(planes)).to(device).split(settings.batch_size):
                adam.zero_grad()
                with bfloat16_products(device):
                    outputs = network(planes[chosen])
                torch.nn.functional.cross_entropy(outputs.float(), classes[chosen]).backward()
                adam.step()
                falling.step()
    judge = Cnn(network, device, known.astype(np.int64), float("nan"))
    accuracy = float(np.mean(judge.predict(held_out[0]) == held_out[1]))
    return Cnn(network, device, judge.labels, accuracy)
