"""The paper's autoencoder: its shapes, and that it learns what images look like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcgraph.judges.vae import VaeSettings, vae_networks, vae_samples

QUICK = VaeSettings(epochs=3, batch_size=20, rate=0.003, width=0.03, device="cpu")


def test_the_layers_are_those_of_table_viii(torch):
    encoder, decoder = vae_networks((32, 32, 3))
    assert [layer.out_channels for layer in encoder if hasattr(layer, "out_channels")] == [
        64,
        128,
        256,
        512,
    ]
    assert [layer.out_channels for layer in decoder if hasattr(layer, "out_channels")] == [
        1024,
        512,
        256,
        128,
        128,
        3,
    ]
    assert encoder[-1].out_features == 2 * 64
    assert decoder[0].out_features == 4 * 4 * 128


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 3))
def test_images_may_have_any_size(h, w, c):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: dcgraph[judges]")
    encoder, decoder = vae_networks((h, w, c), 0.02)
    assert encoder(torch.zeros(2, c, h, w)).shape == (2, 128)
    assert decoder(torch.zeros(2, 64)).shape == (2, c, h, w)


def test_samples_come_to_look_like_the_images(torch, images):
    def error(epochs):
        chosen = QUICK.model_copy(update={"epochs": epochs})
        samples = vae_samples(images[:200], 50, chosen, seed=0)
        assert samples.shape == (50, 8, 8, 1)
        assert samples.min() >= 0
        assert samples.max() <= 1
        return np.abs(samples.mean(axis=0) - images.mean(axis=0)).mean()

    assert error(6) < 0.5 * error(1)


def test_a_seed_decides_them(torch, images):
    quick = QUICK.model_copy(update={"epochs": 1})
    first, second, other = (vae_samples(images[:40], 3, quick, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, other)
