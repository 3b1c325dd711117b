"""What the estimators of whole graphs share: their parameters, the graph they make, learning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from dcgraph.engine.scheduler import Scheduler
from dcgraph.estimators.rows import dataset_of, shape_of, signals
from dcgraph.estimators.settings import seed_of, threads_of
from dcgraph.estimators.stored import HoldsModel
from dcgraph.estimators.stream import begun, learn
from dcgraph.graph.graph import Graph
from dcgraph.graph.load import load_graph
from dcgraph.graph.notation import is_notation
from dcgraph.inference.labels import the_classifier
from dcgraph.signal import Shape, Signal
from dcgraph.storage.origin import graph_from
from dcgraph.training.run import run

FLOATS = (np.float64, np.float32)


class GraphEstimator(HoldsModel, BaseEstimator):  # type: ignore[misc]
    """Base of the estimators that train a graph on rows.

    Attributes
    ----------
    steps_least : int
        What learns needs so many steps, however few the rows are.
    """

    steps_least: ClassVar[int] = 300

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "graph": [str, Path, dict, Graph, HasMethods(["keys"]), None],
        "image_shape": [tuple, list, None],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "overrides": [tuple, list],
        "epochs": [Interval(Real, 0, None, closed="neither"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "total_steps": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "backend": [str],
        "random_state": ["random_state"],
    }
    # Declared for the type checker; the subclasses' constructors set them.
    graph: Any
    image_shape: tuple[int, ...] | None
    n_components: int
    overrides: tuple[str, ...]
    epochs: float | None
    batch_size: int | None
    total_steps: int
    random_state: Any

    # the graph

    def _default_graph(self, shape: Shape, classes: int | None) -> str:
        h, w, _ = shape
        end = "" if classes is None else f"-C({classes})"
        return f"F({h}x{w})-G({self.n_components}){end}"

    def _made_graph(self, X: NDArray[Any], classes: int | None) -> Graph:
        """Return the graph for these rows, without its data section.

        Raises
        ------
        ValueError
            The graph is not sound, or its input has another shape than the rows.
        """
        features = X.shape[1]
        has_shape = isinstance(self.graph, str) and is_notation(self.graph)
        if self.graph is None or has_shape or self.image_shape is not None:
            shape = shape_of(features, self.image_shape)
            source = self._default_graph(shape, classes) if self.graph is None else self.graph
            graph = graph_from(source, shape=shape)
        else:
            graph = graph_from(self.graph)
            shape = graph[graph.entry].shape
        found = graph[graph.entry].shape
        if found != shape or prod(found) != features:
            message = (
                f"the input of graph '{graph.name}' is {found}, but X has {features} features"
                f"{'' if self.image_shape is None else f' and image_shape is {shape}'}"
            )
            raise ValueError(message)
        overrides = [f"train.seed={seed_of(self.random_state)}", f"train.dtype={X.dtype}"]
        if self.batch_size is not None:
            overrides.append(f"train.batch_size={int(self.batch_size)}")
        if classes is not None:
            overrides.append(f"{the_classifier(graph)}.classes={classes}")
        document = {key: value for key, value in graph.document.items() if key != "data"}
        graph = load_graph(document, overrides=[*overrides, *self.overrides])
        epochs = self._passes(graph, len(X))
        return load_graph(graph, overrides=[f"train.epochs={epochs!r}"])

    def _passes(self, graph: Graph, rows: int) -> float:
        if self.epochs is not None:
            return float(self.epochs)
        per_epoch = -(-rows // graph.train.batch_size)
        return float(max(graph.train.epochs, -(-self.steps_least // per_epoch)))

    # learning

    def _fitted(self, X: NDArray[Any], labels: NDArray[np.int64] | None, graph: Graph) -> None:
        dataset = dataset_of(X, labels, graph[graph.entry].shape)
        record = run(graph, dataset, backend=self.backend, threads=threads_of(self.n_jobs))
        self.model_ = self._opened(record)

    def _partly_fitted(
        self,
        X: NDArray[Any],
        labels: NDArray[np.int64] | None,
        make_graph: Callable[[], Graph],
        total_steps: int | None,
    ) -> None:
        ops = self._ops()
        if hasattr(self, "model_"):
            record = self.model_.record
        else:
            steps = int(total_steps or self.total_steps)
            record = begun(make_graph(), ops, total_steps=steps)
        graph = record.graph
        learn(record, ops, X, labels, graph[graph.entry].shape)
        self.model_ = self._opened(record)

    def _to_learn(self, X: Any, y: Any = None, *, first: bool) -> Any:
        """Return checked rows, and labels where there are any."""
        self._validate_params()
        dtype = FLOATS if first else self.model_.graph.train.dtype
        if y is None:
            least = 2 if first else 1
            return validate_data(self, X, dtype=dtype, reset=first, ensure_min_samples=least)
        return validate_data(self, X, y, dtype=dtype, reset=first)

    # looking

    def _seen(self, X: Any) -> tuple[Scheduler, Iterator[Signal]]:
        check_is_fitted(self)
        graph = self.model_.graph
        X = validate_data(self, X, dtype=graph.train.dtype, reset=False)
        scheduler = self.model_._scheduler()
        return scheduler, signals(scheduler, X, graph[graph.entry].shape)
