"""The paper's convolutional variational autoencoder (Appendix E, Table VIII), to compare with."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dcgraph.judges.pytorch import (
    Device,
    begun,
    bfloat16_products,
    channels_first,
    channels_last,
    device_of,
    placed,
    pytorch,
    seeded,
)
from dcgraph.signal import Shape
from dcgraph.spec import Positive, Spec

LATENT = 64
GROWTH = 24  # pixels that the decoder's layers add to twice the size they begin with
BLOCK = 250  # samples that are decoded together


class VaeSettings(Spec):
    """How the autoencoder is trained: Adam, on the bound of the log-likelihood.

    Attributes
    ----------
    epochs, batch_size : int
        The paper: 100 epochs.
    rate : float
        Of Adam.
    width : float
        Channels of every hidden layer, as a multiple of the paper's.
    device : {"auto", "cpu", "cuda"}
        "auto": a GPU where there is one.
    """

    epochs: Positive = 100
    batch_size: Positive = 100
    rate: Annotated[float, Field(gt=0)] = 0.0001
    width: Annotated[float, Field(gt=0, le=1)] = 1.0
    device: Device = "auto"


def vae_networks(shape: Shape, width: float = 1.0) -> tuple[Any, Any]:
    """Return encoder and decoder, untrained.

    The encoder takes images (n, c, h, w) to means and log-variances of 64 latent variables,
    (n, 128). Its convolutions keep the size, or halve it: 8,192 numbers are left of a 32 x 32
    image, where the table says 4,096, which its strides do not give. The decoder takes latent
    variables (n, 64) to logits of pixels; it begins with 4 x 4 for 32 x 32 images, as in the table,
    and what it makes too large for other sizes is cut off.
    """
    nn = pytorch().nn
    h, w, channels = shape

    def wide(published: int) -> int:
        return max(1, round(published * width))

    def half(size: int) -> int:
        return -(-size // 2)

    inner_h, inner_w = (half(half(half(size))) for size in (h, w))
    begin_h, begin_w = (max(1, half(size - GROWTH)) for size in (h, w))
    encoder = nn.Sequential(
        nn.Conv2d(channels, wide(64), 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(wide(64), wide(128), 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(wide(128), wide(256), 3, stride=2, padding=1),
        nn.ReLU(),
        nn.ZeroPad2d((0, half(half(w)) % 2, 0, half(half(h)) % 2)),
        nn.Conv2d(wide(256), wide(512), 2, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(inner_h * inner_w * wide(512), 2 * LATENT),
    )
    decoder = nn.Sequential(
        nn.Linear(LATENT, begin_h * begin_w * wide(128)),
        nn.ReLU(),
        nn.Unflatten(1, (wide(128), begin_h, begin_w)),
        nn.ConvTranspose2d(wide(128), wide(1024), 4),
        nn.ReLU(),
        nn.ConvTranspose2d(wide(1024), wide(512), 5),
        nn.ReLU(),
        nn.ConvTranspose2d(wide(512), wide(256), 4, stride=2),
        nn.ReLU(),
        nn.ConvTranspose2d(wide(256), wide(128), 5),
        nn.ReLU(),
        nn.ConvTranspose2d(wide(128), wide(128), 3),
        nn.ReLU(),
        nn.ConvTranspose2d(wide(128), channels, 3),
        nn.ZeroPad2d((0, w - 2 * begin_w - GROWTH, 0, h - 2 * begin_h - GROWTH)),
    )
    return begun(encoder), begun(decoder)


def vae_samples(
    images: NDArray[Any], n: int, settings: VaeSettings, *, seed: int
) -> NDArray[np.float32]:
    """Train an autoencoder on images (m, h, w, c) on [0, 1]; return n samples, (n, h, w, c).

    A pixel's distribution is Bernoulli's, as is usual for images on [0, 1]; a sample shows its
    mean. Training computes products in bfloat16 where there are instructions for them.

    Raises
    ------
    RequestError
        PyTorch or its device is missing.
    """
    torch, device = pytorch(), device_of(settings.device)
    h, w, c = images.shape[1:]
    with seeded(seed, device):
        planes = channels_first(images, device)
        encoder, decoder = (
            placed(each, device) for each in vae_networks((h, w, c), settings.width)
        )
        adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=settings.rate)
        for _ in range(settings.epochs):
            for chosen in torch.randperm(len(planes)).to(device).split(settings.batch_size):
                adam.zero_grad()
                with bfloat16_products(device):
                    loss = _loss(encoder, decoder, planes[chosen])
                loss.backward()
                adam.step()
        with torch.inference_mode():
            latent = torch.randn(n, LATENT).to(device)
            blocks = [torch.sigmoid(decoder(block)) for block in latent.split(BLOCK)]
    return np.concatenate([channels_last(block) for block in blocks])


def _loss(encoder: Any, decoder: Any, planes: Any) -> Any:
    """Return minus the bound of the log-likelihood, the mean over images, nats."""
    torch = pytorch()
    mean, log_variance = encoder(planes).float().chunk(2, dim=1)
    latent = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
    logits = decoder(latent).float()
    missed = torch.nn.functional.binary_cross_entropy_with_logits(logits, planes, reduction="sum")
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()
    return (missed + divergence) / len(planes)
