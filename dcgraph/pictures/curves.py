"""ROC curves and histograms of log-likelihoods: arrays in, a figure out, no display needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def roc_figure(outliers: NDArray[Any], scores: Mapping[str, NDArray[Any]]) -> Figure:
    """Return the ROC curves of finding outliers by their low log-likelihood.

    Parameters
    ----------
    outliers : boolean array of shape (n,)
    scores : mapping of str to array of shape (n,)
        For each curve's name, log-likelihoods.

    Raises
    ------
    InputError
        There are no outliers or no inliers, or a score is not finite.
    """
    from sklearn.metrics import auc, roc_curve

    outliers = np.asarray(outliers, bool)
    if outliers.all() or not outliers.any():
        message = (
            f"a ROC curve needs inliers and outliers; received {int((~outliers).sum())} inliers "
            f"and {int(outliers.sum())} outliers"
        )
        raise InputError(message)
    figure = _figure()
    axes = figure.subplots()
    for name, values in scores.items():
        _check_finite(name, values, len(outliers))
        false_positives, true_positives, _ = roc_curve(outliers, -np.asarray(values))
        area = auc(false_positives, true_positives)
        axes.plot(false_positives, true_positives, label=f"{name}, AUC {area:.4f}")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=0.8, linestyle="--")
    axes.set(xlabel="inliers taken for outliers", ylabel="outliers found", aspect="equal")
    axes.legend(loc="lower right")
    return figure


def histogram_figure(
    scores: NDArray[Any],
    outliers: NDArray[Any] | None = None,
    *,
    bins: int = 60,
    label: str = "log-likelihood (nats)",
) -> Figure:
    """Return a histogram of log-likelihoods, inliers and outliers apart where they are known.

    Parameters
    ----------
    scores : array of shape (n,)
    outliers : boolean array of shape (n,) or None
    label : str
        What the scores are; stands at the axis.

    Raises
    ------
    InputError
        There is no score, or one is not finite.
    """
    scores = np.asarray(scores)
    _check_finite("scores", scores, len(scores) if outliers is None else len(outliers))
    figure = _figure()
    axes = figure.subplots()
    edges = np.histogram_bin_edges(scores, bins).tolist()
    if outliers is None:
        axes.hist(scores, edges)
    else:
        flags = np.asarray(outliers, bool)
        for name, chosen, hatch in (
            ("inliers", scores[~flags], None),
            ("outliers", scores[flags], "///"),  # for those who do not tell the colours apart
        ):
            # densities: there may be a hundred inliers for each outlier, or none of either
            if len(chosen):
                words = f"{len(chosen)} {name}"
                axes.hist(chosen, edges, density=True, alpha=0.6, label=words, hatch=hatch)
        axes.legend()
    axes.set(xlabel=label, ylabel="images" if outliers is None else "density")
    return figure


def _figure() -> Figure:
    # made without pyplot: no global state, and the default canvas draws without a display
    from matplotlib.figure import Figure

    return Figure(figsize=(5.5, 4.5), layout="constrained")


def _check_finite(name: str, scores: NDArray[Any], n: int) -> None:
    if scores.shape != (n,) or n == 0 or not np.isfinite(scores).all():
        finite = int(np.isfinite(scores).sum())
        message = (
            f"a curve of '{name}' needs {n or 'some'} finite log-likelihoods, one for each image; "
            f"received shape {scores.shape}, {finite} of them finite"
        )
        raise InputError(message)
