"""Scores of many images: gathered block by block, summed up, written and drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcgraph.cli.extremes import Extremes
from dcgraph.errors import DataError, RequestError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.table import Table

    from dcgraph.cli.picking import Picked
    from dcgraph.inference.density import Kind
    from dcgraph.inference.outliers import Way
    from dcgraph.model import Model
    from dcgraph.plugin.manager import Plugins
    from dcgraph.storage.record import ModelRecord

COMBINED = "combined"


@dataclass(frozen=True)
class Request:
    """What is to be said of images.

    Attributes
    ----------
    nodes : tuple of str
        Whose scores are wanted: their names, such as ``gmm3`` or ``gmm3.least``.
    main : str
        The node the result is about; "combined" where several were named.
    kind : str
    contamination : float or None
    calibration : mapping of str to array
        Quantiles of the training images' scores.
    weights : mapping of str to float
        Of the nodes in a combined score.
    two_sided : tuple of str
        Those by which too likely an image is as unusual as one that is not likely.
    combine : "mean" or "least"
        Of the nodes' weighted z-scores.
    """

    nodes: tuple[str, ...]
    main: str
    kind: Kind
    contamination: float | None
    calibration: Mapping[str, NDArray[Any]]
    weights: Mapping[str, float]
    two_sided: tuple[str, ...]
    combine: Way

    @classmethod
    def of(
        cls,
        record: ModelRecord,
        nodes: tuple[str, ...],
        kind: Kind,
        contamination: float | None,
        two_sided: tuple[str, ...],
        combine: Way,
    ) -> Request:
        """Return the request that was typed.

        Raises
        ------
        RequestError
            A node has no log-likelihood or stands twice, or its weight is none; what needs the
            training images' scores is wanted of another kind than these are; the share is none.
        """
        from dcgraph.graph.scores import score_name
        from dcgraph.inference import outliers

        graph = record.graph
        typed = [_weighted(node) for node in nodes]
        named = tuple(score_name(graph, node) for node, _ in typed)
        weights = {name: weight for name, (_, weight) in zip(named, typed, strict=True)}
        if len(set(named)) < len(named):
            message = f"--node names a node twice: {', '.join(named)}"
            raise RequestError(message, field="--node")
        main = COMBINED if len(named) > 1 else score_name(graph, named[0] if named else None)
        shaped = bool(two_sided) or combine != "mean" or bool(set(weights.values()) - {1.0})
        if shaped and (main != COMBINED or contamination is not None):
            message = (
                "weights, --two-sided and --combine are of nodes in a combined score, which "
                "decides nothing by itself: name several nodes, and leave out --contamination"
            )
            raise RequestError(message, field="--node")
        if strange := [node for node in two_sided if node not in named]:
            message = f"--two-sided names {', '.join(strange)}, which no --node names"
            raise RequestError(message, field="--two-sided")
        if (contamination is not None or main == COMBINED) and kind != "log_likelihood":
            what = "a combined score" if main == COMBINED else "--contamination"
            message = (
                f"{what} compares with the training images, whose scores are of kind "
                f"log_likelihood, not {kind}: leave out --kind"
            )
            raise RequestError(message, field="--kind")
        if contamination is not None or main == COMBINED:
            for node in named or (main,):
                outliers.quantiles_of(record.calibration, node)
        if contamination is not None:
            outliers.check_contamination(contamination)
        scored = named or graph.density_nodes
        known = record.calibration
        return cls(scored, main, kind, contamination, known, weights, two_sided, combine)

    @property
    def looked_at(self) -> tuple[str, ...]:
        """The nodes whose log-likelihoods are needed."""
        from dcgraph.graph.scores import node_of

        return tuple(dict.fromkeys(map(node_of, self.nodes)))

    @property
    def compared(self) -> tuple[str, ...]:
        """The nodes whose p-values decide."""
        return self.nodes if self.main == COMBINED else (self.main,)


def _weighted(typed: str) -> tuple[str, float]:
    """Return the node and the weight of ``gmm1`` or ``gmm1:-0.5``."""
    node, colon, weight = typed.partition(":")
    try:
        return node, float(weight) if colon else 1.0
    except ValueError as error:
        message = f"--node takes a node, or a node and its weight such as gmm1:-0.5, not '{typed}'"
        raise RequestError(message, field="--node") from error


def score(
    model: Model,
    blocks: Iterable[Picked],
    request: Request,
    plugins: Plugins,
    *,
    keep_maps: bool = False,
) -> Scored:
    """Return the scores of images, in nats, and the likeliest and least likely of them.

    Parameters
    ----------
    keep_maps : bool
        Whether to keep the log-likelihood at every position of every node.
    """
    import numpy as np

    from dcgraph.inference.outliers import combined_scores

    parts: list[dict[str, NDArray[Any]]] = []
    extremes = Extremes()
    for picked in blocks:
        found = model.scores(picked.images, request.nodes, request.kind)
        if request.main == COMBINED:
            found[COMBINED] = combined_scores(
                found, request.calibration, request.weights, request.two_sided, request.combine
            )
        extremes.add(picked, found[request.main])
        found["place"] = picked.places
        known = {"label": picked.labels, "outlier": picked.outlier}
        found |= {name: values for name, values in known.items() if values is not None}
        if keep_maps:
            maps = model.log_likelihood_maps(picked.images, request.looked_at, request.kind)
            found |= {f"map {name}": each for name, each in maps.items()}
        parts.append(found)
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    columns = {name: values for name, values in joined.items() if not name.startswith("map ")}
    maps = {name: joined[f"map {name}"] for name in request.looked_at} if keep_maps else {}
    return Scored(request, plugins, columns, extremes, maps)


@dataclass
class Scored:
    """Scores of a set of images.

    Attributes
    ----------
    request : Request
    plugins : Plugins
        Whose metrics are measured.
    columns : dict of str to array of shape (n,)
        Scores by node, in nats, and "combined"; "place"; "label" and "outlier" where known.
    extremes : Extremes
    maps : dict of str to array of shape (n, h, w)
        By node; empty where not kept.
    """

    request: Request
    plugins: Plugins
    columns: dict[str, NDArray[Any]]
    extremes: Extremes
    maps: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of images."""
        return len(self.columns["place"])

    @property
    def scores(self) -> dict[str, NDArray[Any]]:
        """The scores by node, and the combined ones."""
        names = [*self.request.nodes, *([COMBINED] if self.request.main == COMBINED else [])]
        return {name: self.columns[name] for name in names}

    @property
    def outlier(self) -> NDArray[Any] | None:
        """Outlier flags, where there are both outliers and inliers; else None."""
        flags = self.columns.get("outlier")
        return None if flags is None or flags.all() or not flags.any() else flags

    def summary(self, node: str) -> dict[str, float | None]:
        """Return the mean over all images, over inliers and over outliers, and every metric.

        What cannot be said, because outliers are not known or one of the two is not there, is None.
        """
        scores, outlier = self.scores[node], self.outlier
        metrics = [name for name, metric in self.plugins.metrics.items() if metric.of == "scores"]
        found: dict[str, float | None] = {"mean": float(scores.mean(dtype="float64"))}
        found |= dict.fromkeys(["mean_inliers", "mean_outliers", *metrics])
        if outlier is not None:
            found["mean_inliers"] = float(scores[~outlier].mean(dtype="float64"))
            found["mean_outliers"] = float(scores[outlier].mean(dtype="float64"))
            for name in metrics:
                found[name] = float(self.plugins.metrics[name].function(outlier, scores))
        return found

    def p_values(self) -> NDArray[Any]:
        """Return the p-value of each image, (n,), of the nodes that decide."""
        from dcgraph.inference import outliers

        calibration = self.request.calibration
        return outliers.combined_p_values(
            [
                outliers.p_values(self.scores[name], calibration[name])
                for name in self.request.compared
            ]
        )

    def decisions(self) -> dict[str, Any]:
        """Return what a contamination decides: threshold, how many are flagged, of which kind.

        The threshold is None for several nodes, whose p-values decide together.
        """
        from dcgraph.inference.outliers import threshold

        share = self.request.contamination
        if share is None:
            return {}
        flagged = self.p_values() <= share
        found: dict[str, Any] = {"contamination": share, "threshold": None}
        if self.request.main != COMBINED:
            quantiles = self.request.calibration[self.request.main]
            found["threshold"] = threshold(quantiles, share)
        found |= {"flagged": int(flagged.sum()), "inliers_flagged": None, "outliers_flagged": None}
        if self.outlier is not None:
            found["inliers_flagged"] = float(flagged[~self.outlier].mean())
            found["outliers_flagged"] = float(flagged[self.outlier].mean())
        return found

    def fields(self) -> dict[str, Any]:
        """Return what the JSON object says: of the main node, and of every node."""
        main = self.request.main
        nodes = {name: self.summary(name) for name in self.scores}
        told: dict[str, Any] = {"node": main if main != COMBINED else "+".join(self.request.nodes)}
        if main == COMBINED:
            request = self.request
            told |= {"weights": request.weights, "two_sided": request.two_sided}
            told["combine"] = request.combine
        told |= {"kind": self.request.kind, "n": self.n, **nodes[main], "nodes": nodes}
        return told | ({"outliers": self.decisions()} if self.decisions() else {})

    def table(self) -> Table:
        """Return a row for each node."""
        from dcgraph.cli.console import table

        first = self.summary(self.request.main)
        columns: dict[str, str | None] = {"node": None, "images": "d"}
        columns |= {f"mean {self.request.kind}": ".2f", "of inliers": ".2f", "of outliers": ".2f"}
        columns |= {name.upper(): ".4f" for name in list(first)[3:]}
        rows = [(name, self.n, *self.summary(name).values()) for name in self.scores]
        return table(columns, rows)

    def write(self, path: Path) -> None:
        """Write a column for each node, "combined", "p" and "flagged" where wanted, and labels."""
        from dcgraph.cli.arrays import write_columns

        found = dict(self.scores)
        if self.request.contamination is not None:
            found["p"] = self.p_values()
            found["flagged"] = found["p"] <= self.request.contamination
        known = ("label", "outlier")
        found |= {name: self.columns[name] for name in known if name in self.columns}
        write_columns(path, found)

    def draw(self, *, roc: Path | None, histogram: Path | None) -> None:
        """Draw the ROC curve of every node, and a histogram of the main node's scores.

        Raises
        ------
        DataError
            A ROC curve is wanted of images of which it is not known which are outliers.
        """
        from dcgraph.pictures.curves import histogram_figure, roc_figure
        from dcgraph.pictures.files import replacing

        main, outlier = self.request.main, self.outlier
        if roc is not None:
            if outlier is None:
                message = "a ROC curve needs inliers and outliers: name some by data.outliers"
                raise DataError(message)
            with replacing(roc) as beside:
                roc_figure(outlier, self.scores).savefig(beside, dpi=100)
        if histogram is not None:
            label = (
                f"{self.request.combine} z-score"
                if main == COMBINED
                else f"{self.request.kind} of {main} (nats)"
            )
            figure = histogram_figure(self.scores[main], self.columns.get("outlier"), label=label)
            self._mark_threshold(figure)
            with replacing(histogram) as beside:
                figure.savefig(beside, dpi=100)

    def _mark_threshold(self, figure: Any) -> None:
        limit = self.decisions().get("threshold")
        if limit is not None:
            (axes,) = figure.axes
            axes.axvline(limit, color="0.3", linewidth=0.8, linestyle="--")
