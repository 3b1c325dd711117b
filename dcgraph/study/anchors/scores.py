"""Anchors that score images; a few lines each, over scikit-learn."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dcgraph.spec import Positive
from dcgraph.study.anchors.base import Answering, Rows


class Scoring(Answering):
    """An anchor that scores images: higher means more like the training images."""

    of: ClassVar[Literal["scores", "predictions"]] = "scores"


class Brightness(Scoring):
    """The mean of the pixels: how near it is to that of training images."""

    type = "brightness"

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        means = train.mean(axis=1, dtype=np.float64)
        scores: NDArray[Any] = -np.abs(test.mean(axis=1, dtype=np.float64) - means.mean())
        return scores


class MeanImage(Scoring):
    """Minus the squared distance to the mean of the training images."""

    type = "mean_image"

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        difference = test - train.mean(axis=0, dtype=np.float64)
        scores: NDArray[Any] = -np.square(difference).sum(axis=1)
        return scores


class NearestNeighbour(Scoring):
    """Minus the distance to the nearest training image."""

    type = "nearest_neighbour"

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        from sklearn.neighbors import NearestNeighbors

        found = NearestNeighbors(n_neighbors=1, algorithm="brute", n_jobs=1).fit(train)
        distances, _ = found.kneighbors(test)
        scores: NDArray[Any] = -distances[:, 0]
        return scores


class Mixture(Scoring):
    """The log-likelihood under scikit-learn's Gaussian mixture of whole images.

    Attributes
    ----------
    components : int
    covariance : {"diag", "spherical", "full"}
    floor : float
        Added to the variances.
    """

    type = "gaussian_mixture"
    random = True

    components: Positive = 49
    covariance: Literal["diag", "spherical", "full"] = "diag"
    floor: Annotated[float, Field(gt=0)] = 0.05
    iterations: Positive = 20

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        mixture = GaussianMixture(
            self.components,
            covariance_type=self.covariance,
            reg_covar=self.floor,
            max_iter=self.iterations,
            init_params="k-means++",
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the iterations are chosen
            mixture.fit(train)
        scores: NDArray[Any] = mixture.score_samples(test)
        return scores


class Forest(Scoring):
    """Scikit-learn's isolation forest on pixels."""

    type = "isolation_forest"
    random = True

    trees: Positive = 100

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        from sklearn.ensemble import IsolationForest

        forest = IsolationForest(n_estimators=self.trees, random_state=seed, n_jobs=1).fit(train)
        scores: NDArray[Any] = forest.score_samples(test)
        return scores
