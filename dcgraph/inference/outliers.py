"""Decisions about outliers: what a score means beside those of the training images.

A model keeps 1,001 quantiles of the log-likelihood of training images for each density node, at
equal probabilities from 0 to 1. With m = 1,000 steps between them, and F the share of training
images whose score is not above a score, its p-value is ``(1 + m F) / (m + 1)``: small for outliers,
about uniform for images like the training images, and never below 1 / (m + 1), the least that
m quantiles can tell.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import RequestError

STEPS = 1000  # between a model's quantiles
IQR_OF_NORMAL = 1.349  # interquartile range of the standard normal distribution
PRIOR = 5  # images of the average component that are added to each

Quantiles = NDArray[np.float64]
Scores = NDArray[np.float64]
Way = Literal["mean", "least"]  # of combining several nodes
WAYS: tuple[Way, ...] = get_args(Way)


def p_values(scores: NDArray[Any], quantiles: Quantiles) -> Scores:
    """Return how rare scores so low are among training images, in (0, 1].

    Parameters
    ----------
    scores : array of shape (n,)
        Log-likelihoods, of the kind the quantiles are of.
    quantiles : array of shape (m + 1,)
        Ascending, of the training images' scores.

    Returns
    -------
    array of shape (n,)
    """
    steps = len(quantiles) - 1
    share = np.interp(np.asarray(scores, np.float64), quantiles, np.linspace(0, 1, steps + 1))
    return (1 + steps * share) / (steps + 1)


def threshold(quantiles: Quantiles, contamination: float) -> float:
    """Return the score whose p-value is `contamination`: what does not exceed it is an outlier.

    Parameters
    ----------
    contamination : float in (0, 1)
        Share of the training images that would be taken for outliers.

    Raises
    ------
    RequestError
        It is not in (0, 1), or smaller than the quantiles can tell.
    """
    steps = len(quantiles) - 1
    check_contamination(contamination, steps)
    share = ((steps + 1) * contamination - 1) / steps
    return float(np.interp(share, np.linspace(0, 1, steps + 1), quantiles))


def check_contamination(contamination: float, steps: int = STEPS) -> None:
    """Refuse a share that is none, or that p-values from so many quantiles cannot reach.

    Raises
    ------
    RequestError
    """
    if not 1 / (steps + 1) <= contamination < 1:
        message = (
            "the contamination is the share of training images to take for outliers: at least "
            f"1/{steps + 1}, which is as fine as the stored quantiles are, and below 1; "
            f"received {contamination:g}"
        )
        raise RequestError(message, field="contamination")


def z_scores(scores: NDArray[Any], quantiles: Quantiles) -> Scores:
    """Return scores in robust standard deviations from the training images' median.

    The deviation is the interquartile range over 1.349, so that outliers among the training images
    do not stretch it.
    """
    probabilities = np.linspace(0, 1, len(quantiles))
    low, middle, high = np.interp([0.25, 0.5, 0.75], probabilities, quantiles)
    deviation = max((high - low) / IQR_OF_NORMAL, np.finfo(np.float64).tiny)
    return (np.asarray(scores, np.float64) - middle) / deviation


def component_tables(
    scores: NDArray[Any], winners: NDArray[np.integer[Any]], components: int
) -> tuple[Scores, Scores]:
    """Return the mean and the deviation of the scores of each component's images, (K,) both.

    A component has few images of the few thousand that calibrate a model: to its own, PRIOR images
    of the mean and the variance of all are added.

    Parameters
    ----------
    scores : array of shape (n,)
        Log-likelihoods.
    winners : integer array of shape (n,)
        The component of each, in [0, K).
    """
    scores = np.asarray(scores, np.float64)
    counts = np.bincount(winners, minlength=components)
    total = np.bincount(winners, scores, minlength=components)
    own = total / np.maximum(counts, 1)
    squares = np.bincount(winners, (scores - own[winners]) ** 2, minlength=components)
    means = (total + PRIOR * scores.mean()) / (counts + PRIOR)
    variances = (squares + PRIOR * scores.var()) / (counts + PRIOR)
    return means, np.sqrt(np.maximum(variances, np.finfo(np.float64).tiny))


def within_components(
    scores: NDArray[Any], winners: NDArray[np.integer[Any]], means: Scores, deviations: Scores
) -> Scores:
    """Return how many deviations scores are above their component's mean, (n,).

    A component of plain images makes all its images likely, one of varied images none: what is
    unusual for its component is found by this, and not by the log-likelihood.
    """
    return np.asarray((scores - means[winners]) / deviations[winners], np.float64)


def combined_scores(
    scores: Mapping[str, NDArray[Any]],
    calibration: Mapping[str, Quantiles],
    weights: Mapping[str, float] | None = None,
    two_sided: Collection[str] = (),
    combine: Way = "mean",
) -> Scores:
    """Return the mean, or the least, of several nodes' weighted z-scores, (n,); higher is likelier.

    The nodes' log-likelihoods are of different size and spread; in standard deviations of the
    training images each node has the same say. In a mean, a negative weight contrasts: what is left
    out of a score is how likely images are by a node that sees less, as in the likelihood ratios of
    Ren et al. (2019). By the least, an image is as unusual as the node says that finds it most so:
    for outliers that some nodes take for likely, and one does not know which.

    Parameters
    ----------
    weights : mapping of str to float, or None
        Of each node; a mean's sum is divided by their absolute values'. None: 1.
    two_sided : collection of str
        Nodes by which images are as unusual when they are likelier than the training images as when
        they are less likely: they count with minus the absolute value of their z-scores, as in the
        typicality of Nalisnick et al. (2019).
    combine : "mean" or "least"

    Raises
    ------
    RequestError
        The model keeps no quantiles of a node; all weights are 0, or one is not above 0 and the
        least is wanted; a two-sided node is none of them; there is no such way to combine.
    """
    if combine not in WAYS:
        message = f"scores are combined by {' or '.join(WAYS)}, not {combine!r}"
        raise RequestError(message, field="combine")
    if strange := sorted(set(two_sided) - set(scores)):
        message = f"{', '.join(strange)} cannot be two-sided: not among the nodes that are combined"
        raise RequestError(message, field="two_sided")
    weights = dict.fromkeys(scores, 1.0) if weights is None else weights
    total = sum(abs(weights[name]) for name in scores)
    if not 0 < total < np.inf:
        message = f"weights must be numbers, and not all 0, received {dict(weights)}"
        raise RequestError(message, field="node")
    if combine == "least" and min(weights[name] for name in scores) <= 0:
        message = f"the least of several scores takes weights above 0, received {dict(weights)}"
        raise RequestError(message, field="node")
    parts = []
    for name, values in scores.items():
        part = z_scores(values, quantiles_of(calibration, name))
        parts.append(weights[name] * (-np.abs(part) if name in two_sided else part))
    joined = np.min(parts, axis=0) if combine == "least" else np.sum(parts, axis=0) / total
    return np.asarray(joined, np.float64)


def combined_p_values(parts: Sequence[Scores]) -> Scores:
    """Return one p-value for several of each image, (n,), by the Cauchy combination.

    Liu and Xie (2020): the mean of ``tan((1/2 - p) pi)`` is about Cauchy-distributed however the
    p-values depend on each other; nodes that see the same image surely do.
    """
    if len(parts) == 1:
        return parts[0]
    least = min(float(part.min()) for part in parts)
    bounded = np.clip(np.stack(parts), None, 1 - least)  # a p-value of 1 would outweigh all others
    statistic = np.tan((0.5 - bounded) * np.pi).mean(axis=0)
    return np.asarray(0.5 - np.arctan(statistic) / np.pi, np.float64)


def quantiles_of(calibration: Mapping[str, Quantiles], node: str) -> Quantiles:
    """Return the stored quantiles of a node.

    Raises
    ------
    RequestError
        There are none: the training has not come to its end.
    """
    if node not in calibration:
        message = (
            "the model keeps no quantiles of the training images' scores, which are taken when the "
            "training ends: finish it with 'dcgraph run --resume'"
        )
        raise RequestError(message, node=node)
    return calibration[node]
