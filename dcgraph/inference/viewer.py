"""All that goes up: how likely images are, what nodes make of them, which are outliers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.contract import Backend
from dcgraph.engine.scheduler import Scheduler
from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph
from dcgraph.graph.scores import TABLES, WITHIN, node_of, score_name, scored_node
from dcgraph.inference import alphabet, density, outliers
from dcgraph.inference.images import checked_images
from dcgraph.inference.labels import the_classifier
from dcgraph.inference.maps import pixel_maps
from dcgraph.inference.settings import configured
from dcgraph.signal import Signal
from dcgraph.state import NodeState
from dcgraph.storage.record import ModelRecord


class Viewer:
    """A trained model, as far as it looks at images; `dcgraph.model.Model` also draws them.

    Attributes
    ----------
    graph : Graph
    record : ModelRecord
        All that its file holds.
    """

    def __init__(self, record: ModelRecord, ops: Backend, states: Mapping[str, NodeState]) -> None:
        self.record = record
        self._ops = ops
        self._states = states

    @property
    def graph(self) -> Graph:
        """The graph, checked."""
        return self.record.graph

    def log_likelihood(
        self, x: Any, node: str | None = None, kind: density.Kind = "log_likelihood"
    ) -> NDArray[Any]:
        """Return the log-likelihood of each image, mean over the node's positions.

        Parameters
        ----------
        x : array of shape (n, h, w, c)
            On about [0, 1]; NaN pixels are unknown and integrated out.
        node : str or None
            A gmm node, or another score: ``NODE.least``, its least likely position, or
            ``NODE.within``, deviations from its component's training images; None is the topmost.
        kind : {"log_likelihood", "max_component", "loss"}

        Returns
        -------
        array of shape (n,)
            In nats.

        Raises
        ------
        InputError
            `x` does not fit the graph's input.
        RequestError
            The node has no log-likelihood.
        """
        name = score_name(self.graph, node)
        return self.scores(x, (name,), kind)[name]

    def log_likelihood_map(
        self, x: Any, node: str | None = None, kind: density.Kind = "log_likelihood"
    ) -> NDArray[Any]:
        """Return the log-likelihood at each position of the node, (n, h, w), in nats."""
        name = scored_node(self.graph, node)
        return self.log_likelihood_maps(x, (name,), kind)[name]

    def log_likelihood_maps(
        self,
        x: Any,
        nodes: Sequence[str] | None = None,
        kind: density.Kind = "log_likelihood",
    ) -> dict[str, NDArray[Any]]:
        """Return the log-likelihood maps of several nodes, found in one pass over the images.

        Parameters
        ----------
        nodes : sequence of str or None
            None: all that have a log-likelihood.
        """
        if kind not in density.KINDS:
            message = f"kind must be one of {', '.join(density.KINDS)}, received {kind!r}"
            raise RequestError(message, field="kind")
        names = self.graph.density_nodes if nodes is None else tuple(nodes)
        names = tuple(scored_node(self.graph, name) for name in names)
        scheduler = self._scheduler()
        found = list(density.score_maps(scheduler, self._signals(scheduler, x), names, kind))
        return {name: np.concatenate([maps[name] for maps in found]) for name in names}

    def scores(
        self, x: Any, names: Sequence[str], kind: density.Kind = "log_likelihood"
    ) -> dict[str, NDArray[Any]]:
        """Return several scores by their names, each (n,); see `dcgraph.graph.scores`.

        Raises
        ------
        RequestError
            There is no such score; ``NODE.within`` is wanted of another kind than log-likelihoods,
            or of a model whose training has not come to its end.
        """
        names = [score_name(self.graph, name) for name in names]
        tables = {name: self._tables(name) for name in names if name.endswith(WITHIN)}
        if tables and kind != "log_likelihood":
            message = (
                f"{next(iter(tables))} compares log-likelihoods, not {kind}: leave out the kind"
            )
            raise RequestError(message, field="kind")
        maps = self.log_likelihood_maps(x, tuple(dict.fromkeys(map(node_of, names))), kind)
        found = {}
        for name in names:
            each = maps[node_of(name)]
            found[name] = density.over_positions(each, name).astype(each.dtype)
        for name, winners in self._winners(x, [each for each in names if each in tables]).items():
            found[name] = outliers.within_components(found[name], winners, *tables[name])
        return found

    def _tables(self, name: str) -> list[NDArray[np.float64]]:
        calibration = self.record.calibration
        return [outliers.quantiles_of(calibration, name + table) for table in TABLES]

    def _winners(self, x: Any, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Return which component wins each image, (n,), by the names of scores of one position."""
        if not names:
            return {}
        scheduler = self._scheduler()
        nodes = [node_of(name) for name in names]
        found = list(density.winner_maps(scheduler, self._signals(scheduler, x), nodes))
        return {
            name: np.concatenate([each[node].ravel() for each in found])
            for name, node in zip(names, nodes, strict=True)
        }

    def pixel_maps(self, x: Any, node: str) -> NDArray[Any]:
        """Return, for each pixel, the mean log-likelihood of the positions that see it, (n, H, W).

        In nats; NaN where no position of the node sees the pixel.

        Raises
        ------
        RequestError, InputError
        """
        return pixel_maps(self._scheduler(), self.log_likelihood_map(x, node), node)

    def combined_scores(
        self,
        x: Any,
        nodes: Sequence[str] | Mapping[str, float] | None = None,
        two_sided: Collection[str] = (),
        combine: outliers.Way = "mean",
    ) -> NDArray[np.float64]:
        """Return one score of several nodes, (n,), from their z-scores; higher is likelier.

        A z-score counts robust standard deviations from the training images' median.

        Parameters
        ----------
        nodes : sequence of str, mapping of str to float, or None
            Density nodes, or other scores of theirs. A mapping gives weights, which may be
            negative: ``{"gmm2": 1, "gmm1": -0.5}``. None: all density nodes.
        two_sided : collection of str
            Those of them by which too likely an image is as unusual as one that is not likely.
        combine : "mean" or "least"
            By the least an image is as unusual as the node says that finds it most so.
        """
        scores = self.scores(x, self.graph.density_nodes if nodes is None else tuple(nodes))
        weights = nodes if isinstance(nodes, Mapping) else None
        return outliers.combined_scores(
            scores, self.record.calibration, weights, two_sided, combine
        )

    def p_values(self, x: Any, node: str | Sequence[str] | None = None) -> NDArray[np.float64]:
        """Return how rare images so unlikely are among the training images, (n,), in (0, 1].

        Parameters
        ----------
        node : str, sequence of str or None
            A gmm node or another score; several, whose p-values are combined; None is the topmost.

        Raises
        ------
        RequestError
            The model's training has not come to its end.
        """
        names = [score_name(self.graph, node)] if node is None or isinstance(node, str) else node
        return outliers.combined_p_values(
            [
                outliers.p_values(each, outliers.quantiles_of(self.record.calibration, name))
                for name, each in self.scores(x, names).items()
            ]
        )

    def threshold(self, contamination: float = 0.05, node: str | None = None) -> float:
        """Return the log-likelihood that so small a share of training images does not exceed.

        Raises
        ------
        RequestError
            The share is not in (0, 1), or the training has not come to its end.
        """
        name = score_name(self.graph, node)
        quantiles = outliers.quantiles_of(self.record.calibration, name)
        return outliers.threshold(quantiles, contamination)

    def is_outlier(
        self, x: Any, *, contamination: float = 0.05, node: str | Sequence[str] | None = None
    ) -> NDArray[np.bool_]:
        """Return whether each image is an outlier, (n,): its p-value is at most `contamination`."""
        outliers.check_contamination(contamination)
        flags: NDArray[np.bool_] = self.p_values(x, node) <= contamination
        return flags

    def alphabet(
        self, node: str | None = None, position: tuple[int, int] | None = None
    ) -> NDArray[Any]:
        """Return what each component of a gmm node looks like in the image, (K, h, w, c).

        Its mean goes down the control edges without noise, from one position alone, and is cut to
        the pixels that the position reaches; NaN where it reaches none between them.

        Parameters
        ----------
        node : str or None
            None is the topmost.
        position : (y, x) or None
            None is the middle.

        Raises
        ------
        RequestError
            The node has no components, or no such position.
        """
        name = alphabet.components_of(self.graph, self.record.states, node)
        h, w, _ = self.graph[name].shape
        y, x = (h // 2, w // 2) if position is None else position
        if not (0 <= y < h and 0 <= x < w):
            message = f"has positions from 0, 0 to {h - 1}, {w - 1}; there is no {y}, {x}"
            raise RequestError(message, node=name)
        quiet = configured(self.graph, alphabet.QUIET)
        return alphabet.projected(self._scheduler(quiet), name, (y, x))

    def activities(self, x: Any, node: str) -> NDArray[Any]:
        """Return the output of a node, (n, h, w, k): of a gmm node, its responsibilities."""
        name = self.graph[node].name
        scheduler = self._scheduler()
        return np.concatenate(
            list(density.activities(scheduler, self._signals(scheduler, x), name))
        )

    def predict_proba(self, x: Any) -> NDArray[Any]:
        """Return class probabilities, (n, classes).

        Raises
        ------
        RequestError
            The graph has no classifier node, or several.
        """
        return self.activities(x, the_classifier(self.graph)).reshape(len(x), -1)

    def predict(self, x: Any) -> NDArray[np.int64]:
        """Return the most probable class of each image, (n,)."""
        classes: NDArray[np.int64] = self.predict_proba(x).argmax(axis=1)
        return classes

    def _signals(self, scheduler: Scheduler, x: Any) -> Iterator[Signal]:
        images = self.checked_images(x)
        for start in range(0, len(images), density.BATCH):
            yield scheduler.signal(images[start : start + density.BATCH])

    def checked_images(self, x: Any) -> NDArray[Any]:
        """Return images as a float array (n, h, w, c), NaN where unknown.

        Raises
        ------
        InputError
            Shape, type or range are not those of images the model can look at.
        """
        return checked_images(self.graph, x, self.record.pixel_range)

    def _scheduler(self, graph: Graph | None = None) -> Scheduler:
        return Scheduler(graph or self.graph, self._ops, dict(self._states))
