"""A graph that ends in a classifier, as scikit-learn expects it."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted

from dcgraph.estimators.base import GraphEstimator
from dcgraph.inference.density import activities
from dcgraph.inference.labels import the_classifier


class DCGMMClassifier(ClassifierMixin, GraphEstimator):  # type: ignore[misc]
    """Deep convolutional Gaussian mixture model with a linear classifier on its activities.

    No gradient leaves the classifier: what lies below learns the density alone.

    Parameters
    ----------
    graph : path, name, notation, mapping, Graph or None
        It has one classifier node, which gets as many classes as y has. None: one mixture of the
        whole image below a classifier. A data section is left out.
    epochs : float or None
        Passes over the rows. None: the graph's, or as many as make 2,000 steps.
    image_shape, n_components, overrides, batch_size, total_steps, n_jobs, backend, random_state
        As of `DCGMM`.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels, sorted.
    model_ : Model
        What `dcgraph.load` returns; its class i is ``classes_[i]``.
    n_features_in_ : int

    Examples
    --------
    >>> import dcgraph
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> model = dcgraph.DCGMMClassifier("F(4,2)-G(49)-C(10)", image_shape=(8, 8), random_state=0)
    >>> bool(model.fit(X / 16, y).score(X / 16, y) > 0.9)
    True
    """

    steps_least: ClassVar[int] = 2000  # for gradient ascent

    def __init__(
        self,
        graph: Any = None,
        *,
        image_shape: tuple[int, ...] | None = None,
        n_components: int = 49,
        overrides: tuple[str, ...] = (),
        epochs: float | None = None,
        batch_size: int | None = None,
        total_steps: int = 1000,
        n_jobs: int | None = None,
        backend: str = "auto",
        random_state: Any = None,
    ) -> None:
        self.graph = graph
        self.image_shape = image_shape
        self.n_components = n_components
        self.overrides = overrides
        self.epochs = epochs
        self.batch_size = batch_size
        self.total_steps = total_steps
        self.n_jobs = n_jobs
        self.backend = backend
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Train the graph on labelled rows.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            On about [0, 1], or standardized.
        y : array of shape (n_samples,)

        Raises
        ------
        ValueError
            The graph is not sound or does not fit X; y is no class labels, or of one class alone.
        """
        X, y = self._labelled(X, y, first=True)
        self.classes_ = _several(unique_labels(y))
        graph = self._made_graph(X, len(self.classes_))
        self._fitted(X, np.searchsorted(self.classes_, y), graph)
        return self

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, *, total_steps: int | None = None
    ) -> Self:
        """Learn from more labelled rows, where the model stands in its schedule.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        y : array of shape (n_samples,)
        classes : array of shape (n_classes,)
            All labels there will be; needed at the first call.
        total_steps : int or None
            In place of the parameter of that name, at the first call.
        """
        first = not hasattr(self, "model_")
        X, y = self._labelled(X, y, first=first)
        if first:
            if classes is None:
                message = "classes must be passed on the first call to partial_fit."
                raise ValueError(message)
            self.classes_ = _several(unique_labels(classes))
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            message = (
                f"`classes={classes!r}` is not the same as on the first call to partial_fit, "
                f"which was {self.classes_!r}"
            )
            raise ValueError(message)
        unknown = np.setdiff1d(y, self.classes_)
        if unknown.size:
            message = f"y has labels that are not among the classes: {unknown.tolist()}"
            raise ValueError(message)
        labels = np.searchsorted(self.classes_, y)
        made = len(self.classes_)
        self._partly_fitted(X, labels, lambda: self._made_graph(X, made), total_steps)
        return self

    def _labelled(self, X: Any, y: Any, *, first: bool) -> tuple[NDArray[Any], NDArray[Any]]:
        if y is None:
            message = "requires y to be passed, but the target y is None"
            raise ValueError(message)
        X, y = self._to_learn(X, y, first=first)
        check_classification_targets(y)
        return X, y

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return class probabilities, (n_samples, n_classes)."""
        scheduler, batches = self._seen(X)
        parts = activities(scheduler, batches, the_classifier(self.model_.graph))
        return np.concatenate([each.reshape(len(each), -1) for each in parts])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable label of each row, (n_samples,)."""
        check_is_fitted(self)
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels


def _several(classes: NDArray[Any]) -> NDArray[Any]:
    if len(classes) < 2:
        message = (
            f"a classifier needs at least 2 classes, received {len(classes)} class: {classes!r}"
        )
        raise ValueError(message)
    return classes
