"""Deep convolutional Gaussian mixture models as dataflow graphs.

``dcgraph.train`` trains a graph, ``dcgraph.load`` opens a model file; both return a `Model`.
`DCGMM`, `DCGMMClassifier` and `GaussianMixture` are estimators for scikit-learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dcgraph.estimators import DCGMM, DCGMMClassifier, GaussianMixture
    from dcgraph.model import Model, load, train

__version__ = "0.1.0"
__all__ = [
    "DCGMM",
    "DCGMMClassifier",
    "GaussianMixture",
    "Model",
    "__version__",
    "load",
    "train",
]


def __getattr__(name: str) -> Any:
    # Imported when first asked for: `import dcgraph` costs nothing but this file.
    if name in ("Model", "load", "train"):
        from dcgraph import model

        return getattr(model, name)
    if name in ("DCGMM", "DCGMMClassifier", "GaussianMixture"):
        from dcgraph import estimators

        return getattr(estimators, name)
    message = f"module 'dcgraph' has no attribute '{name}'"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted(__all__)
