"""Completions: known pixels stay, unknown ones come from what is known, exactly."""

from __future__ import annotations

import numpy as np
import pytest
from builders import chain_of, random_mixture, scheduler_of, with_parameters
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from dcgraph.errors import InputError
from dcgraph.inference import inpainting
from dcgraph.inference.settings import configured
from dcgraph.layers import Folding, GaussianMixture, Pooling

SHAPE = (6, 5, 1)


def scheduler_for(ops, dtype="float32"):
    graph = chain_of(
        SHAPE,
        {
            "fold1": Folding(kernel=3),
            "gmm1": GaussianMixture(components=4),
            "pool": Pooling(kernel=2),
            "gmm2": GaussianMixture(components=4),
        },
        dtype=dtype,
    )
    return scheduler_of(graph, ops)


def completed(scheduler, images, known=None, *, node="gmm2", n=1, seed=0, fill=0.0):
    keep = inpainting.kept(images, known)
    parts = inpainting.inpaint(scheduler, images, keep, node=node, n=n, seed=seed, fill=fill)
    return np.concatenate(list(parts), axis=1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("fill", [0.0, 0.5, None])
@given(seed=st.integers(0, 2**31), share=st.floats(0.05, 0.95))
def test_known_pixels_are_bit_identical(ops, dtype, fill, seed, share):
    rng = np.random.default_rng(seed)
    images = (rng.standard_normal((3, *SHAPE)) * 10.0 ** rng.integers(-8, 2)).astype(dtype)
    known = rng.random(images.shape) > share
    known[:, 0, 0], known[:, 1, 1] = True, False
    found = completed(scheduler_for(ops), images, known, n=2, fill=fill)
    assert found.dtype == images.dtype
    for each in found:
        np.testing.assert_array_equal(each[known], images[known])
        assert np.isfinite(each).all()


def test_masks_of_one_image_of_each_image_and_of_each_value(rng):
    images = rng.random((3, *SHAPE))
    half = np.zeros(SHAPE[:2], bool)
    half[:3] = True
    each = np.stack([half, ~half, half])
    np.testing.assert_array_equal(inpainting.kept(images, half)[2, ..., 0], half)
    np.testing.assert_array_equal(inpainting.kept(images, each)[..., 0], each)
    np.testing.assert_array_equal(inpainting.kept(images, each[..., None])[..., 0], each)


def test_nan_pixels_are_unknown_whatever_the_mask_says(ops, rng):
    images = rng.random((2, *SHAPE))
    images[0, 2, 2] = np.nan
    known = np.ones(SHAPE[:2], bool)
    known[5] = False
    keep = inpainting.kept(images, known)
    assert not keep[0, 2, 2, 0]
    assert keep[1, 2, 2, 0]
    assert not keep[:, 5].any()
    found = completed(scheduler_for(ops), images, known)
    assert np.isfinite(found).all()


def test_several_completions_differ_and_the_first_is_that_of_one(ops, rng):
    images = rng.random((4, *SHAPE)).astype(np.float32)
    known = np.ones(SHAPE[:2], bool)
    known[3:] = False
    scheduler = scheduler_for(ops)
    three = completed(scheduler, images, known, n=3, seed=7)
    assert not np.array_equal(three[0], three[1])
    np.testing.assert_array_equal(completed(scheduler, images, known, n=1, seed=7)[0], three[0])
    assert not np.array_equal(completed(scheduler, images, known, seed=8)[0], three[0])


def test_completions_do_not_depend_on_batches(ops, rng, monkeypatch):
    images = rng.random((5, *SHAPE)).astype(np.float32)
    known = rng.random(images.shape) > 0.5
    known[:, 0, 0] = True
    scheduler = scheduler_for(ops)
    expected = completed(scheduler, images, known, n=2)
    monkeypatch.setattr(inpainting, "BATCH", 2)
    np.testing.assert_allclose(completed(scheduler, images, known, n=2), expected, atol=1e-6)


def test_integrating_takes_the_exact_conditional_of_a_mixture(ops, rng):
    """One mixture over the whole image: p(component | known pixels) by scipy, against counts."""
    graph = chain_of((2, 2, 1), {"fold": Folding(kernel=2), "gmm": GaussianMixture(components=4)})
    scheduler = scheduler_of(graph, ops)
    params = random_mixture(rng, components=4, dimensions=4)
    means, r = params["means"][0], params["precision_sqrt"][0]
    with_parameters(scheduler, "gmm", **params)
    scheduler.graph = configured(graph, {"top": 0, "divisor": 1e6})
    n = 3000
    image = np.array([0.3, -0.2, 0.7, 0.1]).reshape(1, 2, 2, 1)
    known = np.array([[True, False], [False, True]])
    seen = [0, 3]
    log_p = params["weight_logits"][0] + [
        multivariate_normal.logpdf(
            image.ravel()[seen], mean[seen], np.diag(deviation[seen] ** -2.0)
        )
        for mean, deviation in zip(means, r, strict=True)
    ]
    posterior = np.exp(log_p - log_p.max())
    posterior /= posterior.sum()
    images = np.repeat(image, n, axis=0)
    found = completed(scheduler, images, known, node="gmm", fill=None)[0].reshape(n, 4)
    unseen = found[:, 1:3]
    components = np.square(unseen[:, None] - means[:, 1:3]).sum(axis=2).argmin(axis=1)
    shares = np.bincount(components, minlength=4) / n
    error = np.sqrt(posterior * (1 - posterior) / n)
    assert (abs(shares - posterior) < 4 * error + 1e-3).all()
    # what is not known must not matter
    images[:, 0, 1] = 100.0
    np.testing.assert_array_equal(
        completed(scheduler, images, known, node="gmm", fill=None)[0].reshape(n, 4)[:, 1:3], unseen
    )


def test_a_fill_goes_up_in_place_of_what_is_unknown(ops, rng):
    images = rng.random((2, *SHAPE)).astype(np.float32)
    known = np.ones(SHAPE[:2], bool)
    known[:, 2:] = False
    filled = images.copy()
    filled[:, :, 2:] = 0.25
    scheduler = scheduler_for(ops)
    found = completed(scheduler, images, known, fill=0.25)
    expected = completed(scheduler, filled, known, fill=0.25)
    np.testing.assert_array_equal(found[:, :, :, 2:], expected[:, :, :, 2:])


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (np.ones((6, 5)), "must be boolean, received dtype float64"),
        (np.ones((5, 6), bool), r"\(6, 5\), \(2, 6, 5\) or \(2, 6, 5, 1\), received \(5, 6\)"),
        (np.ones((3, 6, 5), bool), r"received \(3, 6, 5\)"),
        (np.ones((6, 5), bool), "every pixel is known: there is nothing to in-paint"),
        (None, "every pixel is known"),
        (np.zeros((6, 5), bool), r"image 0 has no known pixel \(2 of 2 images\)"),
        (np.arange(60).reshape(2, 6, 5) < 30, r"image 1 has no known pixel \(1 of 2 images\)"),
    ],
)
def test_masks_that_cannot_be(rng, known, told):
    with pytest.raises(InputError, match=told):
        inpainting.kept(rng.random((2, *SHAPE)), known)


@pytest.mark.parametrize(("n", "fill"), [(0, 0.0), (1, np.nan), (1, np.inf)])
def test_requests_that_cannot_be(n, fill):
    with pytest.raises(InputError, match=r"ask for at least 1|give a number, or None"):
        inpainting.check_request(n, fill)
