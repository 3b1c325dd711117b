"""Trivial methods on the same images: what any model has to beat.

Each is a few lines over scikit-learn, and sees the same training images and the same test images
as the models do.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dcgraph.plugin.registry import Registry
from dcgraph.spec import Positive, Spec

Rows = NDArray[np.float32]


class Anchor(Spec):
    """A method without a graph; its fields are keys of the study file.

    Attributes
    ----------
    type : str
        Its name in study files, and its row in the table.
    of : {"scores", "predictions"}
        Whether it scores images (higher: more like the training images) or predicts their labels.
    random : bool
        Whether a seed changes it.
    limit : int or None
        At most so many training images, drawn by the seed; None: all.
    """

    type: ClassVar[str]
    of: ClassVar[Literal["scores", "predictions"]]
    random: ClassVar[bool] = False

    limit: Positive | None = None

    @property
    def seeded(self) -> bool:
        """Whether it is worth running for several seeds."""
        return self.random or self.limit is not None

    @abstractmethod
    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        """Return a score or a label for each test image, (m,).

        Parameters
        ----------
        train : array of shape (n, d)
        labels : integer array of shape (n,)
        test : array of shape (m, d)
        """


class Brightness(Anchor):
    """The mean of the pixels: how near it is to that of training images."""

    type = "brightness"
    of = "scores"

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        means = train.mean(axis=1, dtype=np.float64)
        scores: NDArray[Any] = -np.abs(test.mean(axis=1, dtype=np.float64) - means.mean())
        return scores


class MeanImage(Anchor):
    """Minus the squared distance to the mean of the training images."""

    type = "mean_image"
    of = "scores"

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        difference = test - train.mean(axis=0, dtype=np.float64)
        scores: NDArray[Any] = -np.square(difference).sum(axis=1)
        return scores


class NearestNeighbour(Anchor):
    """Minus the distance to the nearest training image."""

    type = "nearest_neighbour"
    of = "scores"

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        from sklearn.neighbors import NearestNeighbors

        found = NearestNeighbors(n_neighbors=1, algorithm="brute", n_jobs=1).fit(train)
        distances, _ = found.kneighbors(test)
        scores: NDArray[Any] = -distances[:, 0]
        return scores


class Mixture(Anchor):
    """The log-likelihood under scikit-learn's Gaussian mixture of whole images.

    Attributes
    ----------
    components : int
    covariance : {"diag", "spherical", "full"}
    floor : float
        Added to the variances.
    """

    type = "gaussian_mixture"
    of = "scores"
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


class Forest(Anchor):
    """Scikit-learn's isolation forest on pixels."""

    type = "isolation_forest"
    of = "scores"
    random = True

    trees: Positive = 100

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        from sklearn.ensemble import IsolationForest

        forest = IsolationForest(n_estimators=self.trees, random_state=seed, n_jobs=1).fit(train)
        scores: NDArray[Any] = forest.score_samples(test)
        return scores


class Majority(Anchor):
    """The most frequent label."""

    type = "majority"
    of = "predictions"

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        return np.full(len(test), np.bincount(labels).argmax())


class NearestLabel(Anchor):
    """The label of the nearest training image."""

    type = "nearest_label"
    of = "predictions"

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        from sklearn.neighbors import KNeighborsClassifier

        model = KNeighborsClassifier(1, algorithm="brute", n_jobs=1).fit(train, labels)
        predictions: NDArray[Any] = model.predict(test)
        return predictions


class Logistic(Anchor):
    """Logistic regression on pixels."""

    type = "logistic_regression"
    of = "predictions"

    iterations: Positive = 100

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the iterations are chosen
            model = LogisticRegression(max_iter=self.iterations).fit(train, labels)
        predictions: NDArray[Any] = model.predict(test)
        return predictions


@lru_cache
def anchors() -> Registry[type[Anchor]]:
    """Return all anchors by name."""
    registry: Registry[type[Anchor]] = Registry("anchor")
    for kind in (
        Brightness,
        MeanImage,
        NearestNeighbour,
        Mixture,
        Forest,
        Majority,
        NearestLabel,
        Logistic,
    ):
        registry.add(kind, "dcgraph")
    return registry
