"""The built-in layers."""

from dcgraph.contracts.kernel import Fusion
from dcgraph.contracts.layer import Layer
from dcgraph.layers.average_pooling import AveragePooling
from dcgraph.layers.classifier import Classifier
from dcgraph.layers.concat import Concat
from dcgraph.layers.contrast_normalization import ContrastNormalization
from dcgraph.layers.folding import Folding
from dcgraph.layers.gmm import GaussianMixture
from dcgraph.layers.gmm.fused import observe_patches
from dcgraph.layers.input import Input
from dcgraph.layers.label import Label
from dcgraph.layers.pooling import Pooling
from dcgraph.plugin.markers import hookimpl

__all__ = [
    "AveragePooling",
    "Classifier",
    "Concat",
    "ContrastNormalization",
    "Folding",
    "GaussianMixture",
    "Input",
    "Label",
    "Pooling",
]


@hookimpl
def register_layers() -> list[type[Layer]]:
    """Return the built-in layers."""
    return [
        Input,
        Label,
        Folding,
        ContrastNormalization,
        Pooling,
        AveragePooling,
        GaussianMixture,
        Classifier,
        Concat,
    ]


@hookimpl
def register_fusions() -> list[Fusion]:
    """Return what the GPU observes in one go."""
    return [Fusion("cupy", ("folding", "gmm"), observe_patches, recordable=True)]
