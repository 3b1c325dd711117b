"""How well log-likelihoods tell outliers from inliers. Outliers are what is to be found."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.contracts.metric import Metric


def auc(outlier: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the area under the ROC curve, in [0, 1]; 0.5 is chance.

    Parameters
    ----------
    outlier : boolean array of shape (n,)
    scores : array of shape (n,)
        Log-likelihoods; those of outliers should be lower.

    Raises
    ------
    ValueError
        There are only outliers, or none.
    """
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(*_checked(outlier, scores)))


def auprc(outlier: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the average precision of finding outliers, in [0, 1]; their share is chance."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(*_checked(outlier, scores)))


def fpr95(outlier: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the share of inliers flagged where 95 % of the outliers are, in [0, 1]; 0 is best."""
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(*_checked(outlier, scores), drop_intermediate=False)
    return float(false[np.argmax(true >= 0.95)])


def _checked(outlier: NDArray[Any], scores: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return outlier flags, and how strange each image is: minus its log-likelihood."""
    outlier = np.asarray(outlier, bool)
    if outlier.all() or not outlier.any():
        message = (
            f"telling outliers from inliers needs both, received {int(outlier.sum())} outliers "
            f"and {int((~outlier).sum())} inliers"
        )
        raise ValueError(message)
    return outlier, -np.asarray(scores)


AUC = Metric("auc", "scores", auc)
AUPRC = Metric("auprc", "scores", auprc)
FPR95 = Metric("fpr95", "scores", fpr95)
