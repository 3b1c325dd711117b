"""Anchors that tell labels; a few lines each, over scikit-learn."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from dcgraph.spec import Positive
from dcgraph.study.anchors.base import Answering, Rows


class Predicting(Answering):
    """An anchor that predicts labels."""

    of: ClassVar[Literal["scores", "predictions"]] = "predictions"


class Majority(Predicting):
    """The most frequent label."""

    type = "majority"

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        return np.full(len(test), np.bincount(labels).argmax())


class NearestLabel(Predicting):
    """The label of the nearest training image."""

    type = "nearest_label"

    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        from sklearn.neighbors import KNeighborsClassifier

        model = KNeighborsClassifier(1, algorithm="brute", n_jobs=1).fit(train, labels)
        predictions: NDArray[Any] = model.predict(test)
        return predictions


class Logistic(Predicting):
    """Logistic regression on pixels."""

    type = "logistic_regression"

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
