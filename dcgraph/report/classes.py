"""What the classifier takes test images for: accuracy and confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from dcgraph.errors import RequestError
from dcgraph.inference.labels import the_classifier
from dcgraph.report.subject import Subject
from dcgraph.report.words import metric_name

TITLE = "Classes"
MOST_CLASSES = 50


def content(subject: Subject) -> dict[str, Any]:
    """Return the confusion matrix of the inliers, a row for each true class, and metrics.

    Raises
    ------
    RequestError, DataError
        The graph has no classifier, or there are no test images with labels.
    """
    from sklearn.metrics import confusion_matrix

    node = the_classifier(subject.record.graph)
    examined = subject.images
    if examined.labels is None:
        message = "These test images have no labels: there is nothing to compare predictions with."
        raise RequestError(message)
    chosen = np.ones(len(examined.labels), bool)
    if examined.outlier is not None:
        chosen = ~examined.outlier
    truth, predicted = examined.labels[chosen], subject.predictions[chosen]
    names = np.unique(np.concatenate([truth, predicted]))
    if len(names) > MOST_CLASSES:
        message = f"A matrix of {len(names)} classes is not drawn: use 'dcgraph classify'."
        raise RequestError(message)
    counts = confusion_matrix(truth, predicted, labels=names)
    metrics = {
        metric_name(name): f"{float(metric.function(truth, predicted)):.4f}"
        for name, metric in subject.plugins.metrics.items()
        if metric.of == "predictions"
    }
    return {
        "node": node,
        "images": len(truth),
        "metrics": metrics,
        "names": names.tolist(),
        "rows": [_row(names, i, row) for i, row in enumerate(counts)],
    }


def _row(names: Any, i: int, row: Any) -> dict[str, Any]:
    total = int(row.sum())
    cells = [
        {
            "count": int(count),
            "share": round(float(count) / total, 3) if total else 0.0,
            "right": i == j,
        }
        for j, count in enumerate(row)
    ]
    recall = f"{row[i] / total:.1%}" if total else "-"
    return {"label": int(names[i]), "cells": cells, "recall": recall}
