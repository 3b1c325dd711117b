"""Log-likelihoods of images of which a part is unknown: the exact marginal."""

from __future__ import annotations

import numpy as np
import pytest
from builders import chain_of, random_mixture, scheduler_of, with_parameters
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import norm

from dcgraph.errors import RequestError
from dcgraph.graph.scores import scored_node
from dcgraph.inference import density
from dcgraph.layers import Folding, GaussianMixture

SHAPE = (4, 3, 2)


def mixture(ops, seed):
    graph = chain_of(SHAPE, {"fold": Folding(kernel=(2, 2)), "gmm": GaussianMixture(components=4)})
    scheduler = scheduler_of(graph, ops)
    rng = np.random.default_rng(seed)
    params = random_mixture(rng, components=4, dimensions=8)
    with_parameters(scheduler, "gmm", **params)
    return scheduler, {name: array[0] for name, array in params.items() if array.ndim}


def marginal(patch, params):
    """Return log p of the known dimensions of a patch, straight from the definition."""
    known = ~np.isnan(patch)
    terms = norm.logpdf(
        patch[known], params["means"][:, known], 1 / params["precision_sqrt"][:, known]
    )
    logits = params["weight_logits"]
    return logsumexp(terms.sum(axis=1) + logits - logsumexp(logits))


@given(seed=st.integers(0, 2**31), share=st.floats(0, 0.9))
def test_unknown_pixels_are_integrated_out(ops, seed, share):
    scheduler, params = mixture(ops, seed)
    rng = np.random.default_rng(seed + 1)
    images = rng.random((2, *SHAPE))
    images[rng.random(images.shape) < share] = np.nan
    (found,) = density.score_maps(scheduler, [scheduler.signal(images)], ("gmm",), "log_likelihood")
    for n in range(2):
        for y in range(3):
            for x in range(2):
                expected = marginal(images[n, y : y + 2, x : x + 2].ravel(), params)
                assert found["gmm"][n, y, x] == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_maps_of_several_nodes_are_those_of_each(ops, rng):
    graph = chain_of(
        (6, 6, 1),
        {
            "fold1": Folding(kernel=3),
            "gmm1": GaussianMixture(components=4),
            "fold2": Folding(kernel=2),
            "gmm2": GaussianMixture(components=4),
        },
    )
    scheduler = scheduler_of(graph, ops)
    signal = scheduler.signal(rng.random((3, 6, 6, 1)))
    for kind in density.KINDS:
        (both,) = density.score_maps(scheduler, [signal], ("gmm1", "gmm2"), kind)
        for node in ("gmm1", "gmm2"):
            (alone,) = density.score_maps(scheduler, [signal], (node,), kind)
            np.testing.assert_array_equal(both[node], alone[node])


def test_a_node_without_a_log_likelihood(ops):
    scheduler, _ = mixture(ops, 0)
    assert scored_node(scheduler.graph, None) == "gmm"
    with pytest.raises(RequestError, match=r"no log-likelihood \(nodes that have: gmm\)"):
        scored_node(scheduler.graph, "fold")
