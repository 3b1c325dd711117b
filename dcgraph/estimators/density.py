"""Density, outliers and activities of a graph, as scikit-learn expects them."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, OutlierMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from dcgraph.estimators.base import GraphEstimator
from dcgraph.graph.scores import scored_node
from dcgraph.inference.density import activities, score_maps


class DCGMM(ClassNamePrefixFeaturesOutMixin, TransformerMixin, OutlierMixin, GraphEstimator):  # type: ignore[misc]
    """Deep convolutional Gaussian mixture model of rows: density, outliers, activities.

    The precision of X decides that of the model: float32 halves the time.

    Parameters
    ----------
    graph : path, name, notation, mapping, Graph or None
        None: one mixture of the whole image, whose components form a torus. A data section is left
        out, for data is what `fit` is given.
    image_shape : (h, w), (h, w, c) or None
        What a row of X is. None: the input of the graph; where that is open, as in the notation,
        (1, 1, n_features).
    n_components : int
        Of the graph that is made where `graph` is None; a square.
    overrides : sequence of str
        ``"node.field=value"``, as ``dcgraph run --set`` takes them.
    node : str or None
        Whose log-likelihood and activities are meant; None: the topmost density node.
    contamination : float in (0, 0.5]
        Share of the training rows that is taken for outliers.
    epochs : float or None
        Passes over the rows. None: the graph's, or as many as make 300 steps.
    batch_size : int or None
        Rows of a step; None: the graph's.
    total_steps : int
        Steps in the schedule of `partial_fit`, by which annealing ends and delays are counted.
        Learning goes on beyond.
    n_jobs : int or None
        Threads of the matrix products; None is 1, -1 all processors.
    backend : {"auto", "numpy", "cupy"}
    random_state : int, RandomState or None
        An integer is the seed of the run.

    Attributes
    ----------
    model_ : Model
        What `dcgraph.load` returns; ``model_.save(path)`` writes the file.
    offset_ : float
        Log-likelihood below which a row is an outlier; after `partial_fit`, found from its rows.
    node_ : str
    n_features_in_ : int

    Examples
    --------
    >>> import dcgraph
    >>> from sklearn.datasets import load_digits
    >>> X = load_digits().data / 16
    >>> model = dcgraph.DCGMM("F(4,2)-G(25)-F(3)-G(36)", image_shape=(8, 8), random_state=0)
    >>> model.fit(X).transform(X).shape
    (1797, 36)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **GraphEstimator._parameter_constraints,
        "node": [str, None],
        "contamination": [Interval(Real, 0, 0.5, closed="right")],
    }

    def __init__(
        self,
        graph: Any = None,
        *,
        image_shape: tuple[int, ...] | None = None,
        n_components: int = 49,
        overrides: tuple[str, ...] = (),
        node: str | None = None,
        contamination: float = 0.1,
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
        self.node = node
        self.contamination = contamination
        self.epochs = epochs
        self.batch_size = batch_size
        self.total_steps = total_steps
        self.n_jobs = n_jobs
        self.backend = backend
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train the graph on rows.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            On about [0, 1], or standardized.
        y : ignored

        Raises
        ------
        ValueError
            The graph is not sound or does not fit X; X holds NaN or infinite values.
        """
        X = self._to_learn(X, first=True)
        self._fitted(X, None, self._made_graph(X, None))
        return self._settle(X)

    def partial_fit(self, X: Any, y: Any = None, *, total_steps: int | None = None) -> Self:
        """Learn from more rows, where the model stands in its schedule.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        y : ignored
        total_steps : int or None
            In place of the parameter of that name, at the first call.
        """
        X = self._to_learn(X, first=not hasattr(self, "model_"))
        self._partly_fitted(X, None, lambda: self._made_graph(X, None), total_steps)
        return self._settle(X)

    def _settle(self, X: NDArray[Any]) -> Self:
        self.node_ = scored_node(self.model_.graph, self.node)
        self.offset_ = float(np.percentile(self.score_samples(X), 100 * self.contamination))
        return self

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """Return the log-likelihood of each row, (n_samples,): mean over positions, in nats."""
        scheduler, batches = self._seen(X)
        maps = score_maps(scheduler, batches, (self.node_,), "log_likelihood")
        return np.concatenate([m[self.node_].mean(axis=(1, 2), dtype=np.float64) for m in maps])

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean log-likelihood of rows, in nats; what `GridSearchCV` maximizes."""
        return float(self.score_samples(X).mean())

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return ``score_samples(X) - offset_``, (n_samples,): below 0 for outliers."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Return 1 for inliers and -1 for outliers, (n_samples,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def transform(self, X: Any) -> NDArray[Any]:
        """Return the activities of the node, (n_samples, h * w * K): responsibilities."""
        scheduler, batches = self._seen(X)
        parts = [each.reshape(len(each), -1) for each in activities(scheduler, batches, self.node_)]
        return np.concatenate(parts)

    def sample(self, n_samples: int = 1, **settings: Any) -> NDArray[Any]:
        """Return drawn rows, (n_samples, n_features).

        Parameters
        ----------
        **settings
            As `Model.sample` takes them: top, divisor, sharpen, ...
        """
        check_is_fitted(self)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        drawn = self.model_.sample(n_samples, node=self.node_, seed=seed, **settings)
        return drawn.reshape(n_samples, -1)

    @property
    def _n_features_out(self) -> int:
        h, w, c = self.model_.graph[self.node_].shape
        return h * w * c
