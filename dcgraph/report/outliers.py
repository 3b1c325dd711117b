"""How well low log-likelihoods find outliers: ROC curves, histogram, metrics."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from dcgraph.errors import RequestError
from dcgraph.pictures.curves import histogram_figure, roc_figure
from dcgraph.report.inline import chart, theme
from dcgraph.report.subject import Subject
from dcgraph.report.words import metric_name

TITLE = "Outliers"
SQUARE, WIDE = (3.7, 3.5), (3.7, 2.9)  # inches


def content(subject: Subject) -> dict[str, Any]:
    """Return ROC curves of all density nodes, the main node's histogram, and a table of metrics.

    Raises
    ------
    RequestError, DataError
        No node has a log-likelihood, there are no test images, or no outliers among them.
    """
    main, examined = subject.main, subject.images
    outlier, scores = examined.outlier, subject.scores
    if outlier is None:
        message = (
            "No outliers are known among these test images: name labels that count as outliers in "
            "the graph's data section, or by --set data.outliers=[0]."
        )
        raise RequestError(message)
    metrics = {
        name: metric.function
        for name, metric in subject.plugins.metrics.items()
        if metric.of == "scores"
    }
    rows = [
        {
            "node": name,
            "inliers": f"{values[~outlier].mean():.2f}",
            "outliers": f"{values[outlier].mean():.2f}",
            "metrics": [f"{float(function(outlier, values)):.4f}" for function in metrics.values()],
        }
        for name, values in scores.items()
    ]
    counts = {"inliers": int((~outlier).sum()), "outliers": int(outlier.sum())}
    return {
        "roc": _roc(outlier, scores),
        "histogram": _histogram(main, outlier, scores[main]),
        "metrics": [metric_name(name) for name in metrics],
        "rows": rows,
        "counts": counts,
    }


def _roc(outlier: NDArray[Any], scores: dict[str, NDArray[Any]]) -> Any:
    with theme():
        figure = roc_figure(outlier, scores)
        figure.set_size_inches(*SQUARE)
        (axes,) = figure.axes
        areas = axes.get_legend_handles_labels()[1]
        described = (
            "ROC curves: the share of outliers found against the share of inliers taken for "
            f"outliers. {'; '.join(areas)}"
        )
        return chart(figure, "roc", described)


def _histogram(node: str, outlier: NDArray[Any], scores: NDArray[Any]) -> Any:
    with theme():
        label = f"log-likelihood of {node} (nats)"
        figure = histogram_figure(scores, outlier, bins=40, label=label)
        figure.set_size_inches(*WIDE)
        described = (
            f"Histogram of the log-likelihood of {node}: inliers around "
            f"{scores[~outlier].mean():.4g} nats, outliers around {scores[outlier].mean():.4g} nats"
        )
        return chart(figure, "histogram", described)
