"""The built-in metrics."""

from dcgraph.contracts.metric import Metric
from dcgraph.metrics.classification import ACCURACY
from dcgraph.metrics.outliers import AUC, AUPRC, FPR95
from dcgraph.plugin.markers import hookimpl

__all__ = ["ACCURACY", "AUC", "AUPRC", "FPR95"]


@hookimpl
def register_metrics() -> list[Metric]:
    """Return the built-in metrics."""
    return [AUC, AUPRC, FPR95, ACCURACY]
