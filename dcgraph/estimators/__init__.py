"""The estimators for scikit-learn.

`stream` is what they share with training: rows in, a better model record out; `rows` makes the rows
of X images, `base` holds what the graph estimators have in common.
"""

from dcgraph.estimators.classifier import DCGMMClassifier
from dcgraph.estimators.density import DCGMM
from dcgraph.estimators.gaussian_mixture import GaussianMixture

__all__ = ["DCGMM", "DCGMMClassifier", "GaussianMixture"]
