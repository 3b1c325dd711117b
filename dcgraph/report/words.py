"""How the page writes what the package names otherwise."""

from __future__ import annotations

from collections.abc import Iterable

METRICS = {
    "auc": "AUC",
    "auprc": "AUPRC",
    "fpr95": "FPR95",
    "log_likelihood": "log-likelihood",
}


def metric_name(name: str) -> str:
    """Return a metric's name as people write it."""
    return METRICS.get(name, name.replace("_", " "))


def product(sizes: Iterable[int]) -> str:
    """Return sizes with multiplication signs between them."""
    return " \N{MULTIPLICATION SIGN} ".join(map(str, sizes))
