"""A mixture of diagonal Gaussians for rows, by stepwise EM: for data of any length."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from dcgraph.estimators.rows import dataset_of, signals
from dcgraph.estimators.settings import seed_of
from dcgraph.estimators.stored import HoldsModel
from dcgraph.estimators.stream import begun, learn, learn_until_still
from dcgraph.graph.graph import Graph
from dcgraph.graph.load import load_graph
from dcgraph.inference.density import activities, score_maps
from dcgraph.storage.record import ModelRecord

NODE = "mixture"
BATCH_MOST = 10_000
STREAM_RHO_MIN = 1e-3
PRECISION_SQRT_MIN = 1e-3
FLOATS = (np.float64, np.float32)


class GaussianMixture(HoldsModel, DensityMixin, BaseEstimator):  # type: ignore[misc]
    """Mixture of Gaussians with diagonal covariances.

    `fit` is EM on the whole data where that is one batch, and stepwise EM on batches else, with a
    memory of about one pass over the data; `partial_fit` learns from data that never is in memory
    as a whole. Parameters and scores have the precision of X: float32 stays float32.

    Parameters
    ----------
    n_components : int
    reg_covar : float
        Smallest variance (a bound; scikit-learn adds its `reg_covar` instead).
    tol : float
        `fit` stops when the mean log-likelihood of a pass differs from that of the pass before by
        less, in nats.
    max_iter : int
        Most passes over the data.
    batch_size : int or None
        Rows of a step; None: all that `fit` or the first `partial_fit` is given, at most 10,000.
    rho_min : float or None
        Smallest weight of a batch beside what was learned before. None: a batch's share of the
        data for `fit`, 0.001 for `partial_fit`.
    init_params : {"kmeans", "samples"}
        Means start at rows, chosen by k-means++ or at random.
    total_steps : int
        Steps in the schedule of `partial_fit`; the readings of `model_.record.history` are spread
        over them. Learning goes on beyond.
    n_jobs : int or None
        Threads of the matrix products; None is 1, -1 all processors.
    backend : {"auto", "numpy", "cupy"}
    random_state : int, RandomState or None

    Attributes
    ----------
    weights_ : array of shape (n_components,)
    means_, covariances_, precisions_ : arrays of shape (n_components, n_features)
        Variances and their inverses, for covariances are diagonal.
    converged_ : bool
        Whether `fit` stopped by `tol`.
    n_iter_ : int
        Passes over the data that `fit` made.
    lower_bound_ : float
        Mean log-likelihood over the last pass, in nats, at parameters before each step.
    model_ : Model
        What `dcgraph.load` returns; ``model_.save(path)`` writes the file.
    n_features_in_ : int

    Examples
    --------
    >>> import dcgraph
    >>> from sklearn.datasets import load_iris
    >>> X = load_iris().data
    >>> dcgraph.GaussianMixture(3, random_state=0).fit(X).means_.shape
    (3, 4)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "reg_covar": [Interval(Real, 0, 1e6, closed="neither")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "rho_min": [Interval(Real, 0, 1, closed="right"), None],
        "init_params": [StrOptions({"kmeans", "samples"})],
        "total_steps": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "backend": [str],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        reg_covar: float = 1e-6,
        tol: float = 1e-3,
        max_iter: int = 100,
        batch_size: int | None = None,
        rho_min: float | None = None,
        init_params: str = "kmeans",
        total_steps: int = 1000,
        n_jobs: int | None = None,
        backend: str = "auto",
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.reg_covar = reg_covar
        self.tol = tol
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.rho_min = rho_min
        self.init_params = init_params
        self.total_steps = total_steps
        self.n_jobs = n_jobs
        self.backend = backend
        self.random_state = random_state

    # learning

    def fit(self, X: Any, y: Any = None) -> Self:
        """Estimate the mixture from rows.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        y : ignored

        Raises
        ------
        ValueError
            There are fewer rows than components, or X holds NaN or infinite values.
        """
        self._validate_params()
        X = validate_data(self, X, dtype=FLOATS, ensure_min_samples=2)
        self._check_rows(X)
        batch = self._batch(X)
        share = batch / len(X) if self.rho_min is None else self.rho_min
        graph = self._graph(X, batch, share)
        dataset = dataset_of(X, None, (1, 1, X.shape[1]))
        ops = self._ops()
        steps = self.max_iter * -(-len(X) // batch)
        record = begun(graph, ops, total_steps=steps)
        self.converged_, self.lower_bound_ = learn_until_still(
            record, ops, dataset, node=NODE, tolerance=self.tol
        )
        self.n_iter_ = round(record.epoch)
        return self._learned(record)

    def partial_fit(self, X: Any, y: Any = None, *, total_steps: int | None = None) -> Self:
        """Learn from more rows.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            The first must have a row for each component at least.
        y : ignored
        total_steps : int or None
            In place of the parameter of that name, at the first call.
        """
        first = not hasattr(self, "model_")
        dtype = FLOATS if first else self.model_.graph.train.dtype
        self._validate_params()
        X = validate_data(self, X, dtype=dtype, reset=first)
        ops = self._ops()
        if first:
            self._check_rows(X)
            rho_min = STREAM_RHO_MIN if self.rho_min is None else self.rho_min
            graph = self._graph(X, self._batch(X), rho_min)
            record = begun(graph, ops, total_steps=int(total_steps or self.total_steps))
        else:
            record = self.model_.record
        learn(record, ops, X, None, (1, 1, X.shape[1]))
        return self._learned(record)

    def _check_rows(self, X: NDArray[Any]) -> None:
        if len(X) < self.n_components:
            message = (
                f"Expected n_samples >= n_components but got n_components = {self.n_components}, "
                f"n_samples = {len(X)}"
            )
            raise ValueError(message)

    def _batch(self, X: NDArray[Any]) -> int:
        return min(len(X), BATCH_MOST) if self.batch_size is None else int(self.batch_size)

    def _graph(self, X: NDArray[Any], batch: int, rho_min: float) -> Graph:
        mixture = {
            "type": "gmm",
            "components": int(self.n_components),
            "loss": "log_likelihood",
            "precision_max": float(1 / self.reg_covar),
            "means_from": self.init_params,
        }
        return load_graph(
            {
                "name": "gaussian-mixture",
                "nodes": {"image": {"type": "input", "shape": [1, 1, X.shape[1]]}, NODE: mixture},
                "forward": [f"image -> {NODE}"],
                "train": {
                    "batch_size": batch,
                    "seed": seed_of(self.random_state),
                    "dtype": str(X.dtype),
                    # t0 = 1: the first batch replaces the start altogether
                    "optimizer": {"type": "em", "rho_min": min(1.0, float(rho_min)), "t0": 1.0},
                    "annealing": {"type": "off"},
                },
            }
        )

    def _learned(self, record: ModelRecord) -> Self:
        params = record.states[NODE].parameters
        logits, roots = params["weight_logits"][0], params["precision_sqrt"][0]
        weights = np.exp(logits - logits.max())
        self.model_ = self._opened(record)
        self.weights_ = weights / weights.sum()
        self.means_ = params["means"][0].copy()
        self.precisions_ = roots**2
        self.covariances_ = 1 / self.precisions_
        self._warn_of_scale(params)
        return self

    def _warn_of_scale(self, params: Any) -> None:
        roots = params["precision_sqrt"]
        remedy = "standardize the features, for example by StandardScaler in a Pipeline"
        if (roots <= PRECISION_SQRT_MIN * (1 + 1e-6)).any():
            warnings.warn(f"variances stand at their upper bound of 1e6: {remedy}", stacklevel=3)
        away = np.abs((params["means"] - params["offset"]) * roots).max()
        # the mean's square is subtracted from the mean square
        if away**2 * np.finfo(roots.dtype).eps > 0.05:
            warnings.warn(
                f"means lie up to {away:.3g} standard deviations apart, too far for variances in "
                f"{roots.dtype}: {remedy}, or give X as float64",
                stacklevel=3,
            )

    # looking

    def score_samples(self, X: Any) -> NDArray[Any]:
        """Return the log-likelihood of each row, (n_samples,), in nats."""
        X, scheduler, batches = self._seen(X)
        maps = list(score_maps(scheduler, batches, (NODE,), "log_likelihood"))
        return np.concatenate([each[NODE][:, 0, 0] for each in maps])

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean log-likelihood of rows, in nats."""
        return float(self.score_samples(X).mean(dtype=np.float64))

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return the responsibilities, (n_samples, n_components)."""
        X, scheduler, batches = self._seen(X)
        parts = list(activities(scheduler, batches, NODE))
        return np.concatenate(parts).reshape(len(X), -1)

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Return the most probable component of each row, (n_samples,)."""
        winners: NDArray[np.int64] = self.predict_proba(X).argmax(axis=1)
        return winners

    def bic(self, X: Any) -> float:
        """Return the Bayesian information criterion: the lower the better."""
        scores = self.score_samples(X)
        return float(self._free() * np.log(len(scores)) - 2 * scores.sum(dtype=np.float64))

    def aic(self, X: Any) -> float:
        """Return the Akaike information criterion: the lower the better."""
        scores = self.score_samples(X)
        return float(2 * self._free() - 2 * scores.sum(dtype=np.float64))

    def _free(self) -> int:
        components, features = (int(size) for size in self.means_.shape)
        return components * (2 * features + 1) - 1

    def _seen(self, X: Any) -> Any:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=self.model_.graph.train.dtype, reset=False)
        scheduler = self.model_._scheduler()
        return X, scheduler, signals(scheduler, X, (1, 1, X.shape[1]))

    # drawing

    def sample(self, n_samples: int = 1) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return rows (n_samples, n_features) and the components (n_samples,) they are from."""
        check_is_fitted(self)
        if n_samples < 1:
            message = f"cannot draw {n_samples} samples: ask for at least 1"
            raise ValueError(message)
        rng = check_random_state(self.random_state)
        weights = self.weights_.astype(np.float64)
        y = rng.choice(self.n_components, n_samples, p=weights / weights.sum())
        control = np.eye(self.n_components, dtype=self.means_.dtype)[y][:, None, None]
        rows = self.model_.sample(
            n_samples,
            node=NODE,
            control=control,
            seed=int(rng.randint(2**31 - 1)),
            top=1,
            divisor=1.0,
            freeze_at_bound=False,
        )
        return rows.reshape(n_samples, -1), y
